/**
 * Endurance: many steps at once and many in a row, in one agent. `npm run bench:soak`.
 * Each step's exit status and output are its own; what is left afterwards is counted.
 *
 * Options: --parallel N (1000), --rows N (20000), --backend NAME (native).
 */
import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";

import { connect, type BackendName, type Guest } from "../src/index.ts";
import { makeGuest } from "../test/guests/guest.ts";
import { childrenOf, openDescriptors } from "../test/support/children.ts";

const { values } = parseArgs({
  options: {
    parallel: { type: "string", default: "1000" },
    rows: { type: "string", default: "20000" },
    backend: { type: "string", default: "native" },
  },
});

interface Figures {
  descriptors: number;
  children: number;
  zombies: number;
  files: number;
  rssMB: number;
}

function look(sharedRoot: string): Figures {
  globalThis.gc?.();
  const children = childrenOf(process.pid);
  return {
    descriptors: openDescriptors(),
    children: children.length,
    zombies: children.filter(({ state }) => state === "Z").length,
    files: readdirSync(sharedRoot).length,
    rssMB: Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1000),
  };
}

/** Whether a step came back as what it was. */
async function step(guest: Guest, index: number): Promise<string> {
  const status = index % 250;
  try {
    const result = await guest.run({ script: `echo step ${index}; exit ${status}` });
    const isRight = result.exitCode === status && result.stdout === `step ${index}` && !result.isOutputTruncated;
    return isRight ? "right" : `wrong: ${result.outcome} ${result.exitCode} ${JSON.stringify(result.stdout)}`;
  } catch (error) {
    return `error: ${(error as { code?: string }).code ?? String(error)}`;
  }
}

function tally(what: string, outcomes: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  console.log(`${what}: ${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ")}`);
}

console.log(
  `${process.release.name} ${process.version}, Linux ${os.release()}, ${os.cpus().length} x ${os.cpus()[0]?.model}`,
);
const target = await makeGuest({ namespaces: process.getuid?.() === 0 ? "mnt" : "all" });
const guest = await connect({ ...target, backend: values.backend as BackendName });
try {
  await step(guest, 0);
  console.log("before:", JSON.stringify(look(target.sharedRoot)));
  const indexes = Array.from({ length: Number(values.parallel) }, (_, index) => index);
  tally(`${values.parallel} at once`, await Promise.all(indexes.map((index) => step(guest, index))));
  await delay(2000);
  console.log("after: ", JSON.stringify(look(target.sharedRoot)));
  const outcomes: string[] = [];
  for (let index = 0; index < Number(values.rows); index++) outcomes.push(await step(guest, index));
  tally(`${values.rows} in a row`, outcomes);
  await delay(2000);
  console.log("after: ", JSON.stringify(look(target.sharedRoot)));
} finally {
  guest.close();
  await target.close();
}
