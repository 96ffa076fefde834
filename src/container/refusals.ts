import { errnoOf, ExecutorError } from "../errors/index.ts";
import { permissionDenied } from "./permission.ts";

/** The error for a process that is not there, or is another by now. */
export function gone(pid: number, cause: unknown): ExecutorError {
  return new ExecutorError("TARGET_NOT_FOUND", {
    problem: `no process has pid ${pid}`,
    remedy:
      "give the pid of the container's main process as this container sees it (the Pod needs shareProcessNamespace: true)",
    cause,
    details: { pid },
  });
}

/** The error for one that is not what steps can be run in. */
export function notEnterable(pid: number, why: string): ExecutorError {
  return new ExecutorError("TARGET_NOT_ENTERABLE", {
    problem: `process ${pid} ${why}`,
    remedy: "give the pid of the main process of another container of the Pod",
    details: { pid },
  });
}

/** The error for one that has not become the container's yet. */
export function beingCreated(pid: number): ExecutorError {
  return new ExecutorError("TARGET_NOT_ENTERABLE", {
    problem: `process ${pid} is still its container runtime's own program: the container is being created`,
    remedy: "wait until it has started (--wait, waitForReady)",
    details: { pid },
  });
}

/** What is told of an error of the system's that stood in the way to a process; other errors as they are. */
export function explain(error: unknown, pid: number): unknown {
  const errno = errnoOf(error);
  if (errno === "ENOENT" || errno === "ESRCH") return gone(pid, error);
  if (errno === "EACCES" || errno === "EPERM") {
    return permissionDenied(`look into process ${pid}`, ["CAP_SYS_PTRACE"], error, { pid });
  }
  if (errno === "EMFILE" || errno === "ENFILE") {
    return new ExecutorError("RESOURCE_EXHAUSTED", {
      problem: `no descriptor is left to open process ${pid}`,
      remedy: "raise the limit of open files (ulimit -n) or connect to fewer containers at once",
      cause: error,
    });
  }
  return error;
}
