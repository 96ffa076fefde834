import { constants, fstatSync, openSync } from "node:fs";
import { isatty } from "node:tty";

/**
 * A descriptor of our own that does not block, while those who share the old one see no change. Undefined for what is no
 * pipe and no terminal, may not be opened (it is another user's), or has no reader any more.
 */
export function openAnew(fd: number): number | undefined {
  // A file that is opened anew would be written from its beginning.
  if (!fstatSync(fd).isFIFO() && !isatty(fd)) return undefined;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}
