import { createRequire } from "node:module";
import path from "node:path";

const CLOCK_MONOTONIC = 1;
const ATTEMPTS = 100;

/**
 * The milliseconds of CLOCK_MONOTONIC, which other processes read too, at the time 0 of performance.now(). Asked of libc,
 * for the runtimes do not agree on what process.hrtime counts from.
 */
export function monotonicOrigin(repository: string): number {
  const koffi = createRequire(path.join(repository, "package.json"))("koffi") as typeof import("koffi");
  const libc = koffi.load(null);
  const getTime = libc.func("int clock_gettime(int clock, _Out_ int64_t *time)") as (
    clock: number,
    time: BigInt64Array,
  ) => number;
  const time = new BigInt64Array(2);
  let shortest = Infinity;
  let origin = NaN;
  // Another process may run between two readings; of the attempt that took least time it is known best when it was.
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = performance.now();
    if (getTime(CLOCK_MONOTONIC, time) !== 0) throw new Error("clock_gettime failed");
    const duration = performance.now() - before;
    if (duration >= shortest) continue;
    shortest = duration;
    origin = Number(time[0]) * 1000 + Number(time[1]) / 1e6 - before - duration / 2;
  }
  return origin;
}
