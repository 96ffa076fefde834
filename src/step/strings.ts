import { ExecutorError, invalidOption } from "../errors/index.ts";

/** MAX_ARG_STRLEN, execve(2): 32 pages, with the NUL at the end. */
const MAX_STRING = 131072;

/** Half of a surrogate pair: UTF-8 has no bytes for it, and Node would write U+FFFD. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Refuses what has no UTF-8. The text is not shown, for it may be secret. */
export function requireUtf8(text: string, what: string, remedy: string): void {
  if (LONE_SURROGATE.test(text)) {
    throw invalidOption(`${what} contains a lone surrogate, which is not valid UTF-8`, remedy);
  }
}

/** Refuses what is no C string. The value is not shown, for it may be secret. */
export function requireString(value: unknown, what: string): asserts value is string {
  if (typeof value !== "string") throw invalidOption(`${what} is of type ${typeof value}`, "give a string");
  if (value.includes("\0")) throw invalidOption(`${what} contains a NUL byte`, "remove it");
  requireUtf8(value, what, "remove it");
}

/** The bytes of what may be given as text or as bytes. @throws ExecutorError INVALID_OPTION, without the value. */
export function requireBytes(value: unknown, what: string): Buffer {
  if (!(value instanceof Uint8Array)) {
    requireString(value, what);
    return Buffer.from(value);
  }
  if (value.includes(0)) throw invalidOption(`${what} contains a NUL byte`, "remove it");
  return Buffer.from(value);
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
