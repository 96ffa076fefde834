export { isInsideJob, isOurOwn, readJobVariables, type JobVariables } from "./job-environment.ts";
