import { ExecutorError, invalidOption } from "../errors/index.ts";

/** MAX_ARG_STRLEN, execve(2): 32 pages, with the NUL at the end. */
const MAX_STRING = 131072;

/** Refuses what is no C string. The value is not shown, for it may be secret. */
export function requireString(value: unknown, what: string): asserts value is string {
  if (typeof value !== "string") throw invalidOption(`${what} is of type ${typeof value}`, "give a string");
  if (value.includes("\0")) throw invalidOption(`${what} contains a NUL byte`, "remove it");
}

/** Whether execve would refuse a string of that length, with E2BIG. */
export function isTooLong(bytes: number): boolean {
  return bytes >= MAX_STRING;
}

/** Refuses one string of an argument or environment list that execve would refuse with E2BIG. */
export function refuseTooLong(bytes: number, what: string): void {
  if (!isTooLong(bytes)) return;
  throw new ExecutorError("TOO_LARGE", {
    problem: `${what} has ${bytes} bytes, and the kernel allows ${MAX_STRING - 1} in one string`,
    remedy: "write the value to a file on the shared volume and pass the file's name",
    details: { bytes, limit: MAX_STRING - 1 },
  });
}
