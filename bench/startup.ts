/**
 * Startup latency: from the call to the exit seen and the output drained, of `true` in a throw-away guest; BusyBox's
 * static one where there is one, for loading a libc would be measured too.
 * `npm run bench:startup`. The contenders take turns, so that drift of the machine hits them alike.
 *
 * Options: --rounds N (300), --held MB,MB (0,500), --pid N (an existing container instead of a throw-away guest).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import os from "node:os";
import { parseArgs } from "node:util";

import { connect } from "../src/index.ts";
import { makeGuest } from "../test/guests/guest.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "300" },
    held: { type: "string", default: "0,500" },
    pid: { type: "string" },
  },
});
const PROGRAM: readonly string[] = existsSync("/bin/busybox") ? ["/bin/busybox", "true"] : ["/bin/true"];
const rounds = Number(values.rounds);

/** Node's own child_process, without any container: what an agent that enters nothing would pay. */
async function plainSpawn(): Promise<void> {
  const child = spawn(PROGRAM[0] ?? "", PROGRAM.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.resume();
  child.stderr.resume();
  const [status] = (await once(child, "close")) as [number];
  if (status !== 0) throw new Error(`true ended with ${status}`);
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

const target = values.pid === undefined ? await makeGuest() : undefined;
const pid = target?.pid ?? Number(values.pid);
const guests = await Promise.all(
  (["native", "helper", "nsenter"] as const).map((backend) => connect({ pid, backend })),
);
const contenders: [string, () => Promise<void>][] = [
  ...guests.map((guest): [string, () => Promise<void>] => [
    guest.backend,
    async () => void (await guest.exec(PROGRAM, { reject: true })),
  ]),
  ["spawn, no container", plainSpawn],
];
console.log(
  `${PROGRAM.join(" ")}; ${process.release.name} ${process.version}, Linux ${os.release()}, ${os.cpus().length} x ${os.cpus()[0]?.model}`,
);
const held: Buffer[] = [];
try {
  for (const megabytes of values.held.split(",").map(Number)) {
    while (held.length < megabytes) held.push(Buffer.alloc(1024 * 1024, 1));
    const times = contenders.map(() => [] as number[]);
    // The first rounds fill caches and are not counted.
    for (let round = -20; round < rounds; round++) {
      for (const [index, [, run]] of contenders.entries()) {
        const start = performance.now();
        await run();
        if (round >= 0) times[index]?.push(performance.now() - start);
      }
    }
    console.log(`\n${megabytes} MB of Buffers held, ${rounds} rounds`);
    const sorted = times.map((list) => list.toSorted((a, b) => a - b));
    const native = median(sorted[0] ?? []);
    for (const [index, [name]] of contenders.entries()) {
      const list = sorted[index] ?? [];
      const p50 = median(list);
      const p95 = list[Math.floor(list.length * 0.95)] ?? NaN;
      console.log(
        `${name.padEnd(20)} p50 ${p50.toFixed(2).padStart(6)} ms  p95 ${p95.toFixed(2).padStart(6)} ms  native is ${(native / p50).toFixed(3)} x`,
      );
    }
  }
} finally {
  for (const guest of guests) guest.close();
  await target?.close();
}
