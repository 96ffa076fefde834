import { ExecutorError } from "../index.ts";

/** A command line that cannot be right, in one sentence. */
export function usageError(problem: string, remedy: string): ExecutorError {
  return new ExecutorError("INVALID_OPTION", { problem, remedy });
}

/** The errno of a failed file operation, for a message. */
export function errnoText(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
