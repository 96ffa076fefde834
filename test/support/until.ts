import { setTimeout as delay } from "node:timers/promises";

/** Far more than anything takes, on a machine with much else to do. */
const PATIENCE_MS = 60_000;

/** Waits for a condition that nothing announces; fails after a minute, naming it. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await delay(5);
  }
}
