import assert from "node:assert/strict";
import { once } from "node:events";

import type { Step } from "../../src/index.ts";
import { SUPERVISED, type Case } from "./case.ts";

/** Waits until the step's terminal shows this, and answers all that it showed so far. */
export async function shown(step: Step, text: string, before = ""): Promise<string> {
  let screen = before;
  while (!screen.includes(text)) {
    const [chunk] = (await once(step.stdout, "data")) as [Buffer];
    screen += chunk.toString();
  }
  return screen;
}

/** Steps that have a terminal. */
export const terminals: readonly Case[] = [
  {
    name: "a terminal is the container's, is the step's own, and has the size that was asked for",
    backends: SUPERVISED,
    async run({ guest, target }) {
      const script = `tty; stty size; stat -c %u "$(tty)"; echo error >&2; echo there > /dev/tty; exit 3`;
      const result = await guest.run({ script, tty: { columns: 100, rows: 30 } });
      const [name = "", ...rest] = result.stdout?.split("\r\n") ?? [];
      assert.match(name, /^\/dev\/pts\/\d+$/);
      assert.deepEqual(rest, ["30 100", String(target.uid), "error", "there"]);
      assert.deepEqual([result.exitCode, result.stderr, result.isOutputTruncated], [3, "", false]);
      assert.equal((await guest.exec(["stty", "size"], { tty: true })).stdout, "24 80");
    },
  },
  {
    name: "what is typed is echoed and read, and the end of the input is one for the step",
    backends: SUPERVISED,
    async run({ guest }) {
      for (const input of ["one\ntwo\n", "one\ntwo"]) {
        const { stdout, exitCode } = await guest.exec(["sh", "-c", "stty -echo; echo go; cat"], { tty: true, input });
        assert.equal(exitCode, 0);
        // Input that came before the echo was off is shown; what cat says of it comes last.
        assert.match(stdout ?? "", /one\r\ntwo(\r\n)?$/);
      }
      const { stdout, exitCode } = await guest.run({ script: "read line; echo got $line", tty: true, input: "x\n" });
      assert.deepEqual([stdout?.endsWith("got x"), exitCode], [true, 0]);
    },
  },
  {
    name: "a terminal's keys are signals for its foreground job, and the shell goes on",
    backends: SUPERVISED,
    async run({ guest }) {
      const step = guest.exec(["sh", "-i"], { tty: true, stdin: "pipe", env: { PS1: "> ", ENV: undefined } });
      await shown(step, "> ");
      step.stdin?.write("sh -c 'echo job; exec sleep 1000'\n");
      await shown(step, "\njob");
      step.stdin?.write("\x03");
      await shown(step, "> ");
      step.stdin?.write("echo status $?; exit 9\n");
      const { exitCode, stdout } = await step;
      assert.deepEqual([exitCode, /status 130/.test(stdout ?? "")], [9, true]);
    },
  },
  {
    name: "a change of the size reaches the foreground processes",
    backends: SUPERVISED,
    async run({ guest }) {
      const script = "trap 'stty size; exit 4' WINCH; echo ready; while :; do sleep 0.01; done";
      const step = guest.run({ script, tty: true });
      await shown(step, "ready");
      step.resize({ columns: 133, rows: 44 });
      const { stdout, exitCode } = await step;
      assert.deepEqual([stdout, exitCode], ["ready\r\n44 133", 4]);
    },
  },
  {
    name: "a size that comes before the terminal does is not lost, and of many the last counts",
    backends: SUPERVISED,
    async run({ connect, target }) {
      await using limited = await connect({ ...target, concurrency: 1 });
      const [first, second] = Array.from({ length: 2 }, () =>
        limited.run({ script: "until [ \"$(stty size)\" = '55 111' ]; do sleep 0.01; done", tty: true, timeout: 9000 }),
      );
      for (const step of [first, second]) {
        for (let columns = 1; columns < 30_000; columns++) step?.resize({ columns, rows: 99 });
        step?.resize({ columns: 111, rows: 55 });
      }
      for (const step of [first, second]) assert.equal((await step)?.exitCode, 0);
    },
  },
  {
    name: "a step that closes its terminal finds it again",
    backends: SUPERVISED,
    async run({ guest }) {
      // As those that ask for a password do, with their streams led elsewhere.
      const script = "echo first; exec </dev/null >/dev/null 2>&1; sleep 0.2; seq 100000 >/dev/tty; exit 4";
      const { stdout, exitCode, isOutputTruncated } = await guest.run({ script, tty: true, timeout: 20_000 });
      assert.deepEqual([stdout?.split("\r\n").length, exitCode, isOutputTruncated], [100_001, 4, false]);
    },
  },
  {
    name: "much output through a terminal comes whole, and a tree with one is ended like any other",
    backends: SUPERVISED,
    async run({ guest }) {
      const { stdout } = await guest.run({ script: "seq 200000", tty: true });
      assert.equal(stdout, Array.from({ length: 200_000 }, (_, index) => index + 1).join("\r\n"));
      const script = "set -m; trap '' HUP TERM; sh -c 'trap \"\" HUP TERM; sleep 1000' & echo $!; wait";
      const step = await guest.run({ script, tty: true, timeout: 300, forceKillAfterDelay: 50 });
      assert.deepEqual([step.outcome, step.leftoverProcesses], ["timed-out", 0]);
    },
  },
  {
    name: "a step that ends at once in a terminal has all of its output",
    backends: SUPERVISED,
    async run({ guest }) {
      for (let round = 0; round < 30; round++) {
        const { stdout, exitCode } = await guest.exec(["echo", "all"], { tty: true });
        assert.deepEqual([stdout, exitCode], ["all", 0]);
      }
      await assert.rejects(guest.exec(["no-such-program"], { tty: true }), { code: "COMMAND_NOT_FOUND" });
    },
  },
  {
    name: "a terminal that cannot be is refused in one sentence",
    async run({ guest, backend }) {
      const bad: [unknown, RegExp][] = [
        ["yes", /tty is "yes"; give true or/],
        [{ columns: 80 }, /rows are missing; give a whole number/],
        [{ columns: 0, rows: 24 }, /columns are 0; give/],
        [{ columns: 80, rows: 65_536 }, /rows are 65536/],
      ];
      for (const [tty, message] of backend === "nsenter" ? [[true, /cannot give a step a terminal/] as const] : bad) {
        await assert.rejects(guest.exec(["true"], { tty: tty as never }), { code: "INVALID_OPTION", message });
      }
    },
  },
];
