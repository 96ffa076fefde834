/** Every way in which the product itself can fail. The codes are stable; the messages are not. */
export type ErrorCode =
  /** An option, argument or variable cannot be right. */
  | "INVALID_OPTION"
  /** Not Linux, or an architecture or kernel without what is needed. */
  | "UNSUPPORTED_PLATFORM"
  /** No process has the given pid, or no container the given name. */
  | "TARGET_NOT_FOUND"
  /** More than one container is meant. */
  | "TARGET_AMBIGUOUS"
  /** The container that was waited for was never seen. */
  | "TARGET_NEVER_APPEARED"
  /** The container that was waited for was seen, ended, and did not come again. */
  | "TARGET_EXITED"
  /** The probe of the container that was waited for did not succeed in time. */
  | "PROBE_FAILED"
  /** The process exists but cannot be entered: a zombie, a kernel thread, our own container's, one that is being created. */
  | "TARGET_NOT_ENTERABLE"
  /** The container's main process ended, before the step or while it ran. */
  | "CONTAINER_GONE"
  /** A capability is missing. */
  | "PERMISSION_DENIED"
  /** The backend asked for by name, or every one that may be chosen, cannot work here. */
  | "BACKEND_UNAVAILABLE"
  /** There is no script in the script. */
  | "EMPTY_SCRIPT"
  /** A variable, an argument or all of them are over the kernel's limits. */
  | "TOO_LARGE"
  /** The shared root is missing, no directory, full or read-only. */
  | "SHARED_ROOT"
  /** The working directory cannot be entered. */
  | "WORKING_DIRECTORY"
  /** The shell or program does not exist in the container. */
  | "COMMAND_NOT_FOUND"
  /** The shell or program exists in the container but cannot be executed. */
  | "COMMAND_NOT_EXECUTABLE"
  /** The stream given as the step's input failed; the step was ended. */
  | "INPUT_FAILED"
  /** The command line could not write the step's output; the script saw a closed pipe. */
  | "OUTPUT_FAILED"
  /** Descriptors, processes, memory or disk ran out. */
  | "RESOURCE_EXHAUSTED"
  /** Another step of the entry failed; details.stage says which. */
  | "ENTRY_FAILED"
  /** The supervising process was killed or did not answer: what became of the step is unknown. By connect(): that of a trial. */
  | "HELPER_LOST"
  /** The step failed and the caller asked for an error with `reject: true`. */
  | "STEP_FAILED"
  /** A program could not be installed: the directory is missing or may not be written, or something else has its name. */
  | "INSTALL_FAILED"
  /** A line that was sent to a worker is no JSON. */
  | "INVALID_JSON"
  /** A request to a worker cannot be understood. */
  | "INVALID_REQUEST"
  /** A request to a worker has a name that it does not know. */
  | "UNKNOWN_REQUEST"
  /** A request to a worker is of another version of GoCD's task extension. */
  | "UNSUPPORTED_VERSION"
  /** A request to a worker has the id of one that it is at. */
  | "DUPLICATE_ID"
  /** A line that was sent to a worker is too long. */
  | "REQUEST_TOO_LONG"
  /** The worker takes no more requests, for it is shutting down. */
  | "WORKER_CLOSED"
  /** Something that should not happen, in a worker; the others of its requests go on. */
  | "INTERNAL_ERROR";

/** The exit status a command line reports for each code, as `docker exec`, `env` and `timeout` do. */
export function exitStatusOf(code: ErrorCode): number {
  if (code === "COMMAND_NOT_FOUND") return 127;
  if (code === "COMMAND_NOT_EXECUTABLE") return 126;
  return 125;
}
