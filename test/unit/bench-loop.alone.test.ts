import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";

import { monitorLoop } from "../../bench/measured/loop-delay.ts";

test("an event loop that is blocked until the end is late all the time", async () => {
  const stop = monitorLoop();
  await delay(1);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  const { p50, p99 } = stop();
  // Timers of each of the hundred milliseconds waited from 100 ms down to none.
  assert.ok(p50 > 40 && p50 < 0.75 * p99 && p99 > 90, `${p50} ${p99}`);
});
