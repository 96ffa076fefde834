import { readSync } from "node:fs";

/** Node takes a buffer of fewer than 4 KiB from a pool, without asking for memory; few files of /proc are larger. */
const FIRST_READ = 4095;

/**
 * Reads an open file to its end, whatever size it says it has.
 *
 * @param limit No more bytes than these.
 * @param expected About how many there are.
 */
export function readToEnd(fd: number, limit: number, expected = 0): Buffer {
  // One byte more than there are tells that it is the end.
  let buffer = Buffer.allocUnsafe(Math.min(limit, Math.max(FIRST_READ, expected + 1)));
  for (let total = 0; ;) {
    if (total === buffer.length) {
      if (total === limit) return buffer;
      const larger = Buffer.allocUnsafe(Math.min(limit, Math.max(64 * 1024, 2 * total)));
      buffer.copy(larger);
      buffer = larger;
    }
    const length = readSync(fd, buffer, total, buffer.length - total, null);
    if (length === 0) return buffer.subarray(0, total);
    total += length;
  }
}
