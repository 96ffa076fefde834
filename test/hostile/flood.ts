import { setImmediate as nextTurn } from "node:timers/promises";
import { Readable } from "node:stream";

import { ExecutorError } from "../../src/index.ts";
import { describe, outcomeOf } from "./alive.ts";
import { SUPERVISED, Violation, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";

/** Of a stdin that nobody reads: all pipes and streams on the way hold far less. */
const LIMIT = 64 << 20;
const CHUNK = Buffer.alloc(64 << 10, "x");
/** What a flood of gigabytes may add to the agent's memory; the result keeps a megabyte of it. */
const GROWTH = 300 << 20;

/** Small enough for a result, and more than are lost by chance. */
const PACKETS = 1_000_000;

function busyFor(ms: number): void {
  for (const start = performance.now(); performance.now() - start < ms;);
}

/** Input without an end that counts what was asked for. */
async function* endless(onMore: (total: number) => void): AsyncGenerator<Buffer> {
  for (let total = CHUNK.length; total <= LIMIT; total += CHUNK.length) {
    onMore(total);
    yield CHUNK;
    await nextTurn();
  }
}

/** A guest that writes without an end, and one that never reads: the agent's memory stays as it is. */
export const flood: HostileCase = {
  name: "flood",
  needs: ["root", "cc", "unshare", "setpriv"],
  run: () =>
    withHostileGuest({}, async (target) => {
      for (const backend of SUPERVISED) {
        const guest = await target.connect(backend);
        const limits = { timeout: 700, forceKillAfterDelay: 50 };
        const before = process.memoryUsage.rss();
        let most = 0;
        const watching = setInterval(() => (most = Math.max(most, process.memoryUsage.rss() - before)), 20);
        const script = "cat /dev/zero & cat /dev/zero >&2";
        const flooded = guest.run({ script, maxBuffer: 1 << 20, ...limits });
        await outcomeOf("a flood", flooded);
        // Nobody reads these streams until the end.
        const unread = guest.run({ script, buffer: false, ...limits });
        unread.stdout.pause();
        unread.stderr.pause();
        setTimeout(() => [unread.stdout, unread.stderr].forEach((stream) => stream.destroy()), 1000);
        await outcomeOf("a flood that nobody reads", unread);
        // By processes that the step leaves, for a slow reader: their output has no end, and the step has.
        const left = "for i in 1 2 3 4; do cat /dev/zero & cat /dev/zero >&2 & done";
        const behind = guest.run({ script: left, buffer: false });
        behind.stdout.on("data", () => busyFor(1));
        behind.stderr.on("data", () => busyFor(1));
        await outcomeOf("a flood that is left behind", behind);
        // Each byte a packet, and so a chunk: kept one by one they would take hundreds of times their size.
        const packets = await outcomeOf("packets", guest.exec([ATTACK, "packets", String(PACKETS)]));
        if (packets instanceof ExecutorError || packets.exitCode !== 0 || packets.stdout?.length !== PACKETS) {
          const length = packets instanceof ExecutorError ? packets.message : packets.stdout?.length;
          throw new Violation(`${backend}: of ${PACKETS} packets came ${length}`);
        }
        clearInterval(watching);
        if (most > GROWTH) throw new Violation(`${backend}: a flood took ${most} bytes of memory`);
        let asked = 0;
        const input = Readable.from(
          endless((total) => (asked = total)),
          { objectMode: false },
        );
        const outcome = await outcomeOf(
          "a stdin that nobody reads",
          guest.exec(["sleep", "infinity"], { input, ...limits }),
        );
        if (asked >= LIMIT)
          throw new Violation(`${backend}: ${asked} bytes were kept for nobody: ${describe(outcome)}`);
      }
    }),
};
