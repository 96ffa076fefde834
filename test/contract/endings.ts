import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

import type { Guest, Step } from "../../src/index.ts";
import { SUPERVISED, type Case } from "./case.ts";

async function firstOutput(step: Step): Promise<string> {
  const [chunk] = (await once(step.stdout, "data")) as [Buffer];
  return chunk.toString();
}

/** Whether our /proc, the one that was mounted last, hides other users' processes from us. */
function hidesProcesses(): boolean {
  const mounts = readFileSync("/proc/self/mountinfo", "latin1").split("\n");
  const options = mounts
    .findLast((line) => line.includes(" /proc ") && line.includes(" - proc "))
    ?.split(" ")
    .at(-1);
  return process.getuid?.() !== 0 && /hidepid=(?!0)/.test(options ?? "");
}

/** For a shell to have set its trap: many times what a whole step takes here and now. */
async function longEnough(guest: Guest): Promise<number> {
  const startedAt = performance.now();
  await guest.run({ script: ":" });
  return Math.max(300, 20 * (performance.now() - startedAt));
}

/** The kernel's words for a process that has ended; a zombie where the container's init never waits, or nsenter has no subreaper. */
const ENDED = /^(gone|State:\tZ.*)$/;
const ALIVE = /^State:\t[RSD]/;

/** How a process of the container is. */
async function stateOf(guest: Guest, pid: string): Promise<string> {
  assert.match(pid, /^\d+$/);
  const { stdout } = await guest.run({ script: `grep -s '^State:' /proc/${pid}/status || echo gone` });
  return stdout ?? "";
}

/** Timeouts, cancellation and signals. */
export const endings: readonly Case[] = [
  {
    name: "a timeout ends the step politely, then by force",
    async run({ guest }) {
      const timeout = await longEnough(guest);
      const polite = await guest.run({
        script: "trap 'echo ended; exit 9' TERM; while :; do sleep 0.01; done",
        timeout,
      });
      assert.deepEqual([polite.timedOut, polite.exitCode, polite.stdout, polite.failed], [true, 9, "ended", true]);
      const forced = await guest.run({
        script: "trap '' TERM; while :; do sleep 0.01; done",
        timeout,
        forceKillAfterDelay: 100,
      });
      assert.deepEqual([forced.timedOut, forced.signal, forced.exitCode], [true, "SIGKILL", undefined]);
    },
  },
  {
    name: "an AbortSignal cancels, before the start too",
    async run({ guest }) {
      const controller = new AbortController();
      const step = guest.run({ script: "echo $$; exec sleep 100", signal: controller.signal });
      const pid = (await firstOutput(step)).trim();
      assert.match(await stateOf(guest, pid), ALIVE);
      controller.abort();
      const result = await step;
      assert.deepEqual([result.isCanceled, result.failed, result.timedOut], [true, true, false]);
      assert.match(await stateOf(guest, pid), ENDED);
      const never = await guest.run({ script: "echo started", signal: AbortSignal.abort() });
      assert.deepEqual(
        [never.isCanceled, never.failed, never.exitCode, never.stdout],
        [true, true, undefined, undefined],
      );
    },
  },
  {
    name: "a step that is cancelled at once is cancelled, not failed",
    async run({ guest }) {
      for (let turns = 0; turns < 8; turns++) {
        const controller = new AbortController();
        const step = guest.run({ script: "exec sleep 1000", signal: controller.signal });
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        controller.abort();
        const { outcome, isCanceled, failed, signal, exitCode } = await step;
        // A signal that got lost would be a SIGKILL here.
        assert.deepEqual(
          [outcome, isCanceled, failed, signal, exitCode],
          ["canceled", true, true, "SIGTERM", undefined],
          `after ${turns} turns`,
        );
      }
    },
  },
  {
    name: "one that iterates slowly sees the end of a flood that is let go, not an error",
    backends: SUPERVISED,
    async run({ guest }) {
      // It begins when the step has ended: then it is let go, and not ended with the step.
      const flood = "while kill -0 $$ 2>/dev/null; do :; done; sh -c 'echo $$; exec yes'";
      const step = guest.run({ script: `(${flood}) & exit 0`, buffer: false });
      let pid = "";
      for await (const chunk of step.stdout as AsyncIterable<Buffer>) {
        if (pid === "") {
          pid = /^\d+/.exec(chunk.toString())?.[0] ?? "";
          assert.match(await stateOf(guest, pid), ALIVE);
          step.kill();
        }
        for (let turns = 0; turns < 20; turns++) await nextTurn();
      }
      assert.equal((await step).isOutputTruncated, true);
      const lives = `grep -qs '^State:.[RSD]' /proc/${pid}/status`;
      const end = await guest.run({ script: `while ${lives}; do sleep 0.01; done`, timeout: 30_000 });
      assert.equal(end.exitCode, 0);
    },
  },
  {
    name: "a signal reaches the whole process group",
    async run({ guest }) {
      const step = guest.run({
        // The outer trap first: the inner shell's word must mean that both are ready.
        script:
          "trap 'echo outer' USR1; sh -c 'trap \"echo inner\" USR1; echo ready; while :; do sleep 0.01; done' & wait; wait",
      });
      let output = "";
      step.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (output === "ready\n") step.kill("SIGUSR1");
        if (/inner/.test(output) && /outer/.test(output)) step.kill("SIGKILL");
      });
      const result = await step;
      assert.equal(result.failed, true);
      assert.deepEqual(result.stdout?.split("\n").toSorted(), ["inner", "outer", "ready"]);
    },
  },
  {
    name: "cancelling ends the whole tree, with what has left the process group",
    async run({ guest, backend }) {
      const controller = new AbortController();
      const script = "setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.01; done' & wait";
      const step = guest.run({ script, signal: controller.signal, forceKillAfterDelay: 50 });
      const pid = (await firstOutput(step)).trim();
      assert.match(await stateOf(guest, pid), ALIVE);
      controller.abort();
      const result = await step;
      const left = SUPERVISED.includes(backend) ? 0 : undefined;
      assert.deepEqual([result.isCanceled, result.leftoverProcesses], [true, left]);
      assert.match(await stateOf(guest, pid), ENDED);
    },
  },
  {
    name: "leftovers are ended where that is asked for",
    backends: SUPERVISED,
    async run({ guest }) {
      const script = "sleep 300 & echo $!; read line; exit 3";
      const step = guest.run({ script, stdin: "pipe", leftovers: "kill" });
      const pid = (await firstOutput(step)).trim();
      assert.match(await stateOf(guest, pid), ALIVE);
      step.stdin?.end("go on\n");
      const { outcome, exitCode, leftoverProcesses, isOutputTruncated } = await step;
      assert.deepEqual([outcome, exitCode, leftoverProcesses, isOutputTruncated], ["exited", 3, 0, false]);
      assert.match(await stateOf(guest, pid), ENDED);
    },
  },
  {
    name: "leftovers that left the group are counted, and ended where that is asked for",
    backends: SUPERVISED,
    async run({ guest }) {
      // The daemon says itself that it has left: the step must not end before.
      const script =
        "(setsid sh -c 'echo $$; exec sleep 300 >/dev/null 2>&1 </dev/null' &) | { read pid; echo $pid; exit 3; }";
      const left = await guest.run({ script });
      assert.deepEqual([left.exitCode, left.leftoverProcesses, left.isOutputTruncated], [3, 1, false]);
      const alive = await guest.run({ script: `kill -0 ${left.stdout} && kill -9 ${left.stdout} && echo yes` });
      assert.equal(alive.stdout, "yes");
      const ended = await guest.run({ script, leftovers: "kill" });
      assert.deepEqual([ended.exitCode, ended.leftoverProcesses], [3, 0]);
      assert.equal(await stateOf(guest, ended.stdout ?? ""), "gone");
    },
  },
  {
    name: "a step that kills or stops what stands between it and its supervisor does not change how it ends",
    backends: SUPERVISED,
    // Elsewhere that is the supervisor itself (test/hostile/stopped.ts).
    when: (target) => !target.sharesPids,
    async run({ guest }) {
      const killed = await guest.run({ script: "echo $$; kill -KILL $PPID; sleep 1000" });
      assert.deepEqual([killed.outcome, killed.signal, killed.exitCode], ["signaled", "SIGKILL", undefined]);
      const stopped = await guest.run({ script: "kill -STOP $PPID; echo out; exit 3" });
      assert.deepEqual([stopped.exitCode, stopped.stdout], [3, "out"]);
      // Of ours, only what stands above this very step is to be seen.
      const left = "for p in /proc/[0-9]*; do grep -lsa k8s-executor-helper $p/cmdline; done";
      const { stdout } = await guest.run({ script: `echo /proc/$PPID/cmdline; ${left}` });
      const [ours, ...seen] = stdout?.split("\n") ?? [];
      assert.deepEqual(seen, [ours]);
    },
  },
  {
    name: "an ending has the one name that fits it",
    async run({ guest }) {
      const outcomeOf = async (script: string, options = {}): Promise<string> =>
        (await guest.run({ script, ...options })).outcome;
      assert.equal(await outcomeOf("exit 3"), "exited");
      assert.equal(await outcomeOf("kill -KILL $$"), "signaled");
      assert.equal(await outcomeOf("sleep 1000", { timeout: 50 }), "timed-out");
      assert.equal(await outcomeOf("sleep 1000", { signal: AbortSignal.timeout(50) }), "canceled");
    },
  },
  {
    name: "background processes of a step that ended are counted and left alone",
    async run({ guest }) {
      const step = await guest.run({ script: "sleep 300 >/dev/null 2>&1 & echo $!" });
      const alive = await guest.run({ script: `kill -0 ${step.stdout} && kill -9 ${step.stdout} && echo yes` });
      assert.equal(alive.stdout, "yes");
      // One that stays in the group is not seen where /proc hides it, and then none may be said to be left.
      const count = hidesProcesses() ? undefined : 1;
      assert.deepEqual([step.leftoverProcesses, step.isOutputTruncated], [count, false]);
    },
    backends: SUPERVISED,
  },
];
