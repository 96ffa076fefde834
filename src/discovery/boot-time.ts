import type { Proc } from "../system/index.ts";

/** USER_HZ, in which /proc counts time; a constant of the kernel on every architecture that we know. */
export const TICKS_PER_SECOND = 100;

/** When the machine started, in milliseconds since 1970. */
export function readBootTime(proc: Proc): number {
  const seconds = /^btime (\d+)$/m.exec(proc.read("/proc/stat", 1024 * 1024).toString("latin1"))?.[1];
  return Number(seconds) * 1000;
}
