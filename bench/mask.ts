/**
 * Masking: what it costs. A step's stdout with `mask` against the same without, natively. `npm run bench:mask`. The
 * contenders take turns, so that drift of the machine hits them alike.
 *
 * Options: --megabytes N (1000), --rounds N (5).
 */
import { randomBytes } from "node:crypto";
import os from "node:os";
import { parseArgs } from "node:util";

import { connect } from "../src/index.ts";
import { makeGuest } from "../test/guests/guest.ts";

const { values } = parseArgs({
  options: { megabytes: { type: "string", default: "1000" }, rounds: { type: "string", default: "5" } },
});
const LINE = "a line of the output of a build, neither short nor long\n";
const bytes = Math.floor((Number(values.megabytes) * 1e6) / LINE.length) * LINE.length;

interface Contender {
  name: string;
  env: Record<string, string>;
}

function tokens(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`TOKEN${index}`, randomBytes(20).toString("hex")]),
  );
}

const pem = randomBytes(1200).toString("base64").replaceAll(/.{64}/g, "$&\n");
const contenders: readonly Contender[] = [
  { name: "not masked", env: {} },
  { name: "a token of 40 characters", env: tokens(1) },
  { name: "ten tokens and a PEM key", env: { ...tokens(10), KEY: pem } },
  { name: "a value of 4 characters", env: { SHORT: "Zq7x" } },
  { name: "a value in every line", env: { WORD: "output" } },
];

console.log(
  `${bytes} bytes; ${process.release.name} ${process.version}, Linux ${os.release()}, ${os.cpus().length} x ${os.cpus()[0]?.model}`,
);
const target = await makeGuest();
const guest = await connect({ pid: target.pid, backend: "native" });
try {
  const times = contenders.map(() => [] as number[]);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [index, { name, env }] of contenders.entries()) {
      const start = performance.now();
      const step = guest.run({
        script: `yes '${LINE.trimEnd()}' | head -c ${bytes}`,
        env,
        mask: Object.keys(env).length === 0 ? undefined : Object.keys(env),
        buffer: false,
        reject: true,
      });
      let length = 0;
      step.stdout.on("data", (chunk: Buffer) => (length += chunk.length));
      await step;
      times[index]?.push(performance.now() - start);
      // "output" has as many characters as its mask.
      if (length !== bytes) throw new Error(`${name}: ${length} bytes came, and not ${bytes}`);
    }
  }
  const medians = times.map((list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN);
  const base = medians[0] ?? NaN;
  for (const [index, { name }] of contenders.entries()) {
    const p50 = medians[index] ?? NaN;
    const rate = (bytes / p50 / 1000).toFixed(0);
    console.log(`${name.padEnd(26)} p50 ${rate.padStart(5)} MB/s  ${(base / p50).toFixed(2)} x not masked`);
  }
} finally {
  guest.close();
  await target.close();
}
