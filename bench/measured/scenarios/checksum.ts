import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import type { Starter } from "../contenders/index.ts";
import { checksumOf, type Text } from "./text.ts";

const REST_AFTER_BYTES = 16e6;
const REST_MS = 20;

/** Reads a text, resting now and then where it is slow. Throws where a byte is wrong; answers the megabytes that it took. */
export async function memoryOfReading(contender: Starter, text: Text, isSlow: boolean): Promise<number> {
  const hash = createHash("sha256");
  const before = process.memoryUsage().rss;
  let most = before;
  let since = 0;
  const run = contender.start(text.work, { isRead: true });
  const read = async (): Promise<void> => {
    for await (const chunk of run.stdout as AsyncIterable<Buffer>) {
      hash.update(chunk);
      most = Math.max(most, process.memoryUsage().rss);
      if (isSlow && (since += chunk.length) > REST_AFTER_BYTES) {
        since = 0;
        await delay(REST_MS);
      }
    }
  };
  await Promise.all([read(), run.ended]);
  const found = hash.digest("hex");
  if (found !== checksumOf(text)) throw new Error(`the checksum is ${found}, not ${checksumOf(text)}`);
  return (most - before) / 1e6;
}
