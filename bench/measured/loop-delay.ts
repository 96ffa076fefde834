/** How late the event loop was, in milliseconds. */
export interface LoopDelay {
  p50: number;
  p99: number;
}

const TICK_MS = 1;

/**
 * How long a timer of each millisecond had to wait, until the answered function is called. A loop that was blocked for
 * 50 ms kept fifty of them waiting, not one; and it may be blocked until we stop. perf_hooks' monitorEventLoopDelay counts
 * the first as one sample and the second not at all, and on Deno each turn of the loop, so it would flatter whoever blocks.
 */
export function monitorLoop(): () => LoopDelay {
  const delays: number[] = [];
  let due = performance.now() + TICK_MS;
  const record = (): void => {
    const now = performance.now();
    for (; due <= now; due += TICK_MS) delays.push(now - due);
  };
  const timer = setInterval(record, TICK_MS);
  return () => {
    clearInterval(timer);
    record();
    delays.sort((a, b) => a - b);
    const [p50 = 0, p99 = 0] = [0.5, 0.99].map((share) => delays[Math.floor(delays.length * share)] ?? 0);
    return { p50, p99 };
  };
}
