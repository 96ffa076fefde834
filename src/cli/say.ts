import { closeSync, writeSync } from "node:fs";

import { openAnew } from "./open-anew.ts";
import { STUCK_MS } from "./patience.ts";
import { errnoText } from "./usage-error.ts";

const AGAIN_MS = 10;

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function writeAll(fd: number, bytes: Uint8Array): void {
  const deadline = performance.now() + STUCK_MS;
  for (let at = 0; at < bytes.length && performance.now() < deadline;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (errnoText(error) !== "EAGAIN") throw error;
      sleep(AGAIN_MS);
    }
  }
}

/**
 * One line of our own, on stderr.
 *
 * @param isMidLine Whether what is there is the beginning of a line.
 */
export function say(text: string, isMidLine = false): void {
  try {
    const own = openAnew(2);
    writeAll(own ?? 2, Buffer.from(`${isMidLine ? "\n" : ""}k8s-executor: ${text.replace(/\s*\n\s*/g, " ")}\n`));
    if (own !== undefined) closeSync(own);
  } catch {
    // Nobody reads stderr; the exit status still tells.
  }
}
