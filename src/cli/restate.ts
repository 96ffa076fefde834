import { ExecutorError } from "../index.ts";

/** The same error, with what we know of it beside: how its problem reads then, and how to mend it. */
export function restate(
  error: ExecutorError,
  problem: (its: string) => string,
  remedy: string = error.remedy,
): ExecutorError {
  const { code, message, details } = error;
  const its = message.slice(0, -`; ${error.remedy}`.length);
  return new ExecutorError(code, { problem: problem(its), remedy, cause: error, details });
}
