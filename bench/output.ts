/**
 * Output: how fast a step's stdout comes, against node:child_process without any container, and whether every byte does.
 * `npm run bench:output`. The contenders take turns, so that drift of the machine hits them alike.
 *
 * Options: --megabytes N (1000), --rounds N (5).
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import os from "node:os";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";

import { connect, type BackendName, type Guest } from "../src/index.ts";
import { makeGuest } from "../test/guests/guest.ts";

const { values } = parseArgs({
  options: { megabytes: { type: "string", default: "1000" }, rounds: { type: "string", default: "5" } },
});
const LINE = "a line of the output of a build, neither short nor long\n";
const bytes = Math.floor((Number(values.megabytes) * 1e6) / LINE.length) * LINE.length;
const SCRIPT = `yes '${LINE.trimEnd()}' | head -c ${bytes}`;

interface Contender {
  name: string;
  /** Starts it, hands its stdout to the body, and waits for its end. */
  run: (body: (stdout: Readable) => Promise<void>) => Promise<void>;
}

function ofGuest(guest: Guest): Contender {
  return {
    name: guest.backend,
    async run(body) {
      const step = guest.run({ script: SCRIPT, buffer: false, reject: true });
      await Promise.all([step, body(step.stdout)]);
    },
  };
}

const plain: Contender = {
  name: "spawn, no container",
  async run(body) {
    const child = spawn("sh", ["-c", SCRIPT], { stdio: ["ignore", "pipe", "inherit"] });
    await body(child.stdout);
  },
};

async function count(stdout: Readable): Promise<void> {
  let length = 0;
  stdout.on("data", (chunk: Buffer) => (length += chunk.length));
  await new Promise((resolve) => stdout.once("end", resolve));
  if (length !== bytes) throw new Error(`${length} bytes of ${bytes} came`);
}

function expected(): string {
  const hash = createHash("sha256");
  const block = Buffer.from(LINE.repeat(10_000));
  for (let left = bytes; left > 0; left -= block.length) hash.update(block.subarray(0, left));
  return hash.digest("hex");
}

/** The checksum, by a reader that rests after every 16 MB where it is slow; and the most memory it took meanwhile. */
async function checksum(contender: Contender, isSlow: boolean): Promise<[hash: string, megabytes: number]> {
  const hash = createHash("sha256");
  const before = process.memoryUsage().rss;
  let most = before;
  let since = 0;
  await contender.run(async (stdout) => {
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      hash.update(chunk);
      most = Math.max(most, process.memoryUsage.rss());
      if (isSlow && (since += chunk.length) > 16e6) {
        since = 0;
        await delay(20);
      }
    }
  });
  return [hash.digest("hex"), (most - before) / 1e6];
}

console.log(
  `${bytes} bytes; ${process.release.name} ${process.version}, Linux ${os.release()}, ${os.cpus().length} x ${os.cpus()[0]?.model}`,
);
const target = await makeGuest();
const names: readonly BackendName[] = ["native", "helper", "nsenter"];
const guests = await Promise.all(names.map((backend) => connect({ pid: target.pid, backend })));
const contenders = [...guests.map(ofGuest), plain];
try {
  const times = contenders.map(() => [] as number[]);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [index, contender] of contenders.entries()) {
      const start = performance.now();
      await contender.run(count);
      times[index]?.push(performance.now() - start);
    }
  }
  const medians = times.map((list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN);
  const base = medians.at(-1) ?? NaN;
  for (const [index, { name }] of contenders.entries()) {
    const p50 = medians[index] ?? NaN;
    const rate = (bytes / p50 / 1000).toFixed(0);
    console.log(`${name.padEnd(20)} p50 ${rate.padStart(5)} MB/s  ${(base / p50).toFixed(2)} x spawn`);
  }
  const right = expected();
  for (const contender of contenders.slice(0, -1)) {
    for (const isSlow of [false, true]) {
      const [hash, megabytes] = await checksum(contender, isSlow);
      if (hash !== right) throw new Error(`${contender.name}: the checksum is ${hash}, not ${right}`);
      const reader = isSlow ? "slow" : "fast";
      console.log(
        `${contender.name.padEnd(20)} SHA-256 right, a ${reader} reader, ${megabytes.toFixed(0)} MB more memory`,
      );
    }
  }
} finally {
  for (const guest of guests) guest.close();
  await target.close();
}
