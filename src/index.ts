/**
 * Runs scripts and programs inside a neighbour container of the same Kubernetes Pod.
 *
 * @module
 */
export { connect, type ConnectOptions } from "./connect.ts";
export { type ContainerName, type NameSource, type NamespaceName } from "./container/index.ts";
export { type ContainerDefaults } from "./defaults/index.ts";
export { containers, type CgroupUse, type ContainerInfo, type ContainerRole } from "./discovery/index.ts";
export { ExecutorError, type ErrorCode } from "./errors/index.ts";
export {
  createGocdWorker,
  type GocdClosing,
  type GocdConnection,
  type GocdConsole,
  type GocdConsoleLine,
  type GocdHandleOptions,
  type GocdRequest,
  type GocdWorker,
  type GocdWorkerOptions,
  type GocdTaskAnswer,
} from "./gocd/index.ts";
export { type ExecOptions, type Guest, type RunOptions } from "./guest.ts";
export { waitForReady, type ReadyOptions } from "./ready.ts";
export { type Step } from "./process/index.ts";
export { type BackendName, type Outcome, type ResourceUsage, type StepResult } from "./result/index.ts";
export { type Environment, type TerminalSize, type Transport } from "./step/index.ts";
