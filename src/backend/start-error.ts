import { errnoOf, ExecutorError, SystemError } from "../errors/index.ts";
import { EXHAUSTED } from "./exhausted.ts";

function errnoIn(error: unknown): string | undefined {
  return error instanceof SystemError ? error.code : errnoOf(error);
}

/** Whether descriptors, processes, memory or disk ran out. */
export function isExhausted(error: unknown): boolean {
  return (errnoIn(error) ?? "") in EXHAUSTED;
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
  const [why, remedy] = EXHAUSTED[errno ?? ""] ?? [];
  return new ExecutorError(why === undefined ? "ENTRY_FAILED" : "RESOURCE_EXHAUSTED", {
    problem: `${what} could not be started: ${why ?? cause.message}`,
    remedy: remedy ?? "try another backend, and report this if that helps",
    cause,
    details: { errno: errno ?? "unknown" },
  });
}
