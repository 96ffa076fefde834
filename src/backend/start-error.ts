import { errnoOf, ExecutorError, SystemError } from "../errors/index.ts";

const EXHAUSTED: ReadonlySet<string | undefined> = new Set(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM", "ENOSPC"]);

function errnoIn(error: unknown): string | undefined {
  return error instanceof SystemError ? error.code : errnoOf(error);
}

/** Whether descriptors, processes, memory or disk ran out. */
export function isExhausted(error: unknown): boolean {
  return EXHAUSTED.has(errnoIn(error));
}

/** The error for a supervisor that could not even be started. Errors that explain themselves pass through. */
export function startError(what: string, cause: unknown): Error {
  if (cause instanceof ExecutorError || !(cause instanceof Error)) return cause as Error;
  const errno = errnoIn(cause);
  if (errno === "E2BIG") {
    return new ExecutorError("TOO_LARGE", {
      problem: `the arguments and variables are larger together than the kernel allows for ${what}`,
      remedy: "put large data into a file on the shared volume",
      cause,
    });
  }
  const exhausted = isExhausted(cause);
  return new ExecutorError(exhausted ? "RESOURCE_EXHAUSTED" : "ENTRY_FAILED", {
    problem: `${what} could not be started: ${cause.message}`,
    remedy: exhausted
      ? "raise the limits of the agent's container (open files, processes, memory) or run fewer steps at once"
      : "try another backend, and report this if that helps",
    cause,
    details: { errno: errno ?? "unknown" },
  });
}
