import { closeSync, openSync, readSync } from "node:fs";

/** More than what stands before the mount's number, which comes third. */
const LIMIT = 256;

/** The number of the mount that an open file is on, as in /proc/self/mountinfo. */
export function mountOf(fd: number): string | undefined {
  const info = openSync(`/proc/self/fdinfo/${fd}`, "r");
  try {
    const buffer = Buffer.allocUnsafe(LIMIT);
    const text = buffer.toString("latin1", 0, readSync(info, buffer, 0, LIMIT, null));
    return /^mnt_id:\s*(\d+)$/m.exec(text)?.[1];
  } finally {
    closeSync(info);
  }
}
