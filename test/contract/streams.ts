import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";

import { until } from "../support/until.ts";
import { SUPERVISED, type Case } from "./case.ts";

function openPipes(): string[] {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("pipe:");
    } catch {
      // The directory's own, closed by now.
      return false;
    }
  });
}

/** What goes in and comes out. */
export const streams: readonly Case[] = [
  {
    name: "stdout and stderr stay apart and in order",
    async run({ guest }) {
      const script = "i=0; while [ $i -lt 200 ]; do echo out$i; echo err$i >&2; i=$((i+1)); done";
      const { stdout, stderr } = await guest.run({ script });
      const expected = (name: string): string => Array.from({ length: 200 }, (_, i) => `${name}${i}`).join("\n");
      assert.equal(stdout, expected("out"));
      assert.equal(stderr, expected("err"));
    },
  },
  {
    name: "/dev/stdout and /dev/stderr can be opened",
    async run({ guest }) {
      const { stdout, stderr, exitCode } = await guest.run({
        script: "echo out > /dev/stdout; echo err > /dev/stderr",
      });
      assert.deepEqual([stdout, stderr, exitCode], ["out", "err", 0]);
    },
  },
  {
    name: "stdin is at end of file unless given",
    async run({ guest }) {
      assert.equal((await guest.run({ script: "cat; echo end" })).stdout, "end");
      assert.equal((await guest.run({ script: "cat", input: "given" })).stdout, "given");
      assert.equal((await guest.exec(["cat"], { input: Readable.from(["a", "b"]) })).stdout, "ab");
      const step = guest.exec(["cat"], { stdin: "pipe" });
      step.stdin?.write("one ");
      step.stdin?.end("two");
      assert.equal((await step).stdout, "one two");
    },
  },
  {
    name: "input that nobody reads is no error",
    async run({ guest }) {
      const { exitCode } = await guest.exec(["true"], { input: Buffer.alloc(1_000_000) });
      assert.equal(exitCode, 0);
    },
  },
  {
    name: "an input that fails ends the step, and is no end of file",
    async run({ guest }) {
      const destroyed = new Readable({ read: () => undefined });
      const step = guest.exec(["cat"], { input: destroyed });
      destroyed.destroy(new Error("the disk is gone"));
      await assert.rejects(step, { code: "INPUT_FAILED", message: /the disk is gone/ });
      const before = new Readable({ read: () => undefined });
      before.destroy();
      await assert.rejects(guest.exec(["cat"], { input: before }), { code: "INPUT_FAILED" });
      const objects = Readable.from([{ a: 1 }]);
      await assert.rejects(guest.exec(["cat"], { input: objects }), { code: "INPUT_FAILED", message: /type object/ });
    },
  },
  {
    name: "a source that was read to its end before is at its end",
    async run({ guest }) {
      const input = Readable.from(["x"]);
      assert.equal((await guest.exec(["cat"], { input })).stdout, "x");
      const again = await guest.exec(["cat"], { input, timeout: 20_000 });
      assert.deepEqual([again.exitCode, again.stdout], [0, ""]);
    },
  },
  {
    name: "a source that fails after the step's end is nobody's error, and two steps may share one",
    async run({ guest }) {
      const late = new PassThrough();
      late.write("x");
      assert.equal((await guest.exec(["head", "-c1"], { input: late })).stdout, "x");
      late.destroy(new Error("late"));
      const shared = new PassThrough();
      const first = guest.exec(["head", "-c5"], { input: shared });
      const second = guest.exec(["cat"], { input: shared });
      shared.write("hello");
      assert.equal((await first).stdout, "hello");
      shared.end(" world");
      assert.equal((await second).stdout, "hello world");
    },
  },
  {
    name: "stdin is a pipe at its end, not the agent's /dev/null",
    async run({ guest }) {
      const { stdout } = await guest.exec(["readlink", "/proc/self/fd/0"]);
      assert.match(stdout ?? "", /^(pipe|socket):/);
    },
  },
  {
    name: "a stdin that the caller never ends is closed with the step",
    async run({ guest }) {
      // Of pipes only: Deno makes itself a pair of sockets at some moment.
      const open = (): number => openPipes().length;
      await guest.exec(["true"], { stdin: "pipe" });
      const before = open();
      for (let i = 0; i < 5; i++) await guest.exec(["true"], { stdin: "pipe" });
      await until("the descriptors are closed", () => open() <= before);
    },
  },
  {
    name: "lines that are asked for too late are an error, not an empty output",
    async run({ guest }) {
      const step = guest.run({ script: "echo one" });
      await step;
      await assert.rejects(
        async () => {
          for await (const line of step) assert.fail(line);
        },
        { code: "INVALID_OPTION", message: /read before its lines were asked for/ },
      );
    },
  },
  {
    name: "no byte of 8 MB is lost, by a fast or a slow reader",
    async run({ guest }) {
      const line = `${"0123456789abcdef".repeat(8)}\n`;
      const script = `i=0; while [ $i -lt 64 ]; do head -c 129000 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done; echo ${line}`;
      const expected = createHash("sha256");
      for (let i = 0; i < 64; i++) expected.update("x".repeat(129_000)).update("\n");
      expected.update(line);
      const digest = expected.digest("hex");
      const fast = await guest.run({ script, stripFinalNewline: false });
      assert.equal(
        createHash("sha256")
          .update(fast.stdout ?? "")
          .digest("hex"),
        digest,
      );
      const step = guest.run({ script, buffer: false });
      const slow = createHash("sha256");
      for await (const chunk of step.stdout as AsyncIterable<Buffer>) {
        slow.update(chunk);
        await turn();
      }
      const { exitCode, stdout, isOutputTruncated } = await step;
      assert.deepEqual([exitCode, stdout, isOutputTruncated], [0, undefined, false]);
      assert.equal(slow.digest("hex"), digest);
    },
  },
  {
    name: "a reader that stops holds the step up instead of filling memory",
    async run({ guest }) {
      const controller = new AbortController();
      const step = guest.exec(["yes"], { buffer: false, signal: controller.signal });
      const first = await new Promise<Buffer>((resolve) => step.stdout.once("data", resolve));
      step.stdout.pause();
      assert.ok(first.length > 0);
      // Meanwhile megabytes would come.
      for (let i = 0; i < 5; i++) await guest.exec(["true"]);
      assert.ok(step.stdout.readableLength <= 1024 * 1024, `${step.stdout.readableLength} bytes were read ahead`);
      controller.abort();
      step.stdout.resume();
      assert.equal((await step).isCanceled, true);
    },
  },
  {
    name: "output over maxBuffer is cut and said to be, and the step goes on",
    async run({ guest }) {
      const result = await guest.run({ script: "yes | head -c 100000; echo end >&2", maxBuffer: 1000 });
      assert.equal(result.exitCode, 0);
      assert.equal(result.stdout?.length, 999); // and the newline that is stripped
      assert.equal(result.stderr, "end");
      assert.equal(result.isOutputTruncated, true);
    },
  },
  {
    name: "a background process that holds the pipe does not hold the step, and what it soon writes is kept",
    async run({ guest }) {
      const late = "while kill -0 $$ 2>/dev/null; do :; done; echo late; exec sleep 300";
      const result = await guest.run({ script: `(${late}) & echo $!` });
      const [pid, ...rest] = (result.stdout ?? "").split("\n");
      await guest.run({ script: `kill ${pid}`, reject: true });
      assert.deepEqual([result.exitCode, rest, result.isOutputTruncated], [0, ["late"], true]);
    },
    backends: SUPERVISED,
  },
  {
    name: "a background process that writes to one stream keeps the other open",
    async run({ guest }) {
      // For longer than the other stream's silence may last, not for as long as such a process may go on, and without a pause:
      // on a busy machine, one would last too long.
      const over = `/tmp/over-${randomUUID()}`;
      const chatter = `until [ -e ${over} ]; do echo tick; done; echo late >&2`;
      const step = guest.run({ script: `(${chatter}) & true`, maxBuffer: 1 << 28 });
      let lastAt = performance.now();
      let longest = 0;
      step.stdout.on("data", () => {
        longest = Math.max(longest, performance.now() - lastAt);
        lastAt = performance.now();
      });
      await once(step.stdout, "data");
      await delay(600);
      await guest.run({ script: `: > ${over}`, reject: true });
      const result = await step;
      longest = Math.max(longest, performance.now() - lastAt);
      // A machine that stood still for as long as the silence lasts was silent.
      if (longest >= 200) return;
      assert.deepEqual([result.stdout?.slice(-9), result.stderr], ["tick\ntick", "late"]);
      assert.equal(result.isOutputTruncated, false);
    },
  },
  {
    name: "one that iterates is not held by such a process either",
    async run({ guest }) {
      const seen: string[] = [];
      const step = guest.run({ script: "sleep 300 & echo $!", buffer: false });
      for await (const line of step) seen.push(line);
      await guest.run({ script: `kill ${seen[0]}`, reject: true });
      assert.deepEqual([seen.length, (await step).isOutputTruncated], [1, true]);
    },
    backends: SUPERVISED,
  },
  {
    name: "lines come one by one, also the last without a newline and those with split UTF-8",
    async run({ guest }) {
      const seen: string[] = [];
      const step = guest.run({ script: "echo one; echo; printf '\\303'; printf '\\251\\n'; printf last" });
      for await (const line of step) seen.push(line);
      assert.deepEqual(seen, ["one", "", "é", "last"]);
      assert.equal((await step).exitCode, 0);
    },
  },
  {
    name: "iterating a step that never starts throws its error",
    async run({ guest }) {
      await assert.rejects(
        async () => {
          for await (const line of guest.exec(["no-such-program"])) assert.fail(line);
        },
        { code: "COMMAND_NOT_FOUND" },
      );
    },
  },
];
