import { readFileSync } from "node:fs";

/** The number of the mount that an open file is on, as in /proc/self/mountinfo. */
export function mountOf(fd: number): string | undefined {
  return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
}
