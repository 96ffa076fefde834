import { setTimeout as delay } from "node:timers/promises";

/** Waits for a condition that nothing announces; fails after ten seconds, naming it. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await delay(5);
  }
}
