import { errnoOf, ExecutorError, SystemError } from "../errors/index.ts";
import { EXHAUSTED as EXHAUSTED_ANYWHERE } from "./exhausted.ts";

/** What a step's own entry reports of a full disk has other reasons (failure.ts); before that, it is ours that is full. */
const EXHAUSTED: typeof EXHAUSTED_ANYWHERE = {
  ...EXHAUSTED_ANYWHERE,
  ENOSPC: ["no space is left", "free some in the agent's container, or run fewer steps at once"],
};

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
