export { type GocdConnection } from "./connection.ts";
export { type GocdConsole, type GocdConsoleLine, type GocdTaskAnswer } from "./execute-task.ts";
export { type GocdHandleOptions, type GocdRequest } from "./request.ts";
export { createGocdWorker, type GocdClosing, type GocdWorker, type GocdWorkerOptions } from "./worker.ts";
export { isInsideJob, isOurOwn, readJobVariables, type JobVariables } from "./job-environment.ts";
