import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";

import { connect, type Guest, type RunOptions } from "../../src/index.ts";
import type { ThrowAwayGuest } from "../guests/guest.ts";
import { descendantsOf, openDescriptors } from "../support/children.ts";
import { BACKENDS, withGuest } from "../support/contract.ts";
import { until } from "../support/until.ts";

/** A step that keeps its place until its stdin ends. */
const HELD: RunOptions = { script: "read line", stdin: "pipe" };
/** Far more than it takes to run "echo fine". */
const PATIENT_MS = 3000;

function* zeros(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536);
}

async function withLimited(
  concurrency: number,
  body: (guest: Guest, target: ThrowAwayGuest) => Promise<void>,
): Promise<void> {
  await withGuest({}, async (target) => {
    for (const backend of BACKENDS) {
      const before = openDescriptors();
      const guest = await connect({ ...target, backend, concurrency });
      await body(guest, target);
      guest.close();
      await until("everything is closed", () => openDescriptors() <= before);
    }
  });
}

test("no more steps run at once than the concurrency allows, and they start in their order", async () => {
  await withLimited(2, async (guest, { pid, sharedRoot, containerRoot }) => {
    writeFileSync(path.join(sharedRoot, "log"), "");
    const script = (index: number): string => `echo ${index} >> ${containerRoot}/log; read line; exit ${index}`;
    const steps = Array.from({ length: 7 }, (_, index) => guest.run({ script: script(index), stdin: "pipe" }));
    // Where an assertion fails, they end with the container, and only the assertion is to be told.
    for (const step of steps) step.catch(() => undefined);
    const started = (): number[] =>
      (readFileSync(path.join(sharedRoot, "log"), "utf8").match(/\d+/g) ?? []).map(Number);
    await using other = await connect({ pid, backend: guest.backend });
    for (let ended = 0; ended < steps.length; ended++) {
      const expected = Math.min(ended + 2, steps.length);
      await until("the next ones have started", () => started().length >= expected);
      // What a step more would have needed to start.
      for (let time = 0; time < 3; time++) await other.exec(["true"]);
      assert.equal(started().length, expected);
      steps[ended]?.stdin?.end("go on\n");
      assert.equal((await steps[ended])?.exitCode, ended);
    }
    // The first two may overtake each other, but nobody else.
    assert.deepEqual(started().slice(2), [2, 3, 4, 5, 6]);
    await guest.exec(["rm", `${containerRoot}/log`], { reject: true });
  });
});

test("a step that waited has all of its input and output", async () => {
  await withLimited(1, async (guest) => {
    const input = randomBytes(3_000_000);
    const first = guest.run(HELD);
    const copied = guest.exec(["cat"], { input, buffer: false });
    const hash = createHash("sha256");
    copied.stdout.on("data", (chunk: Buffer) => hash.update(chunk));
    const spoken = guest.run({ script: "read line; echo $line; echo $line >&2; exit 4", stdin: "pipe" });
    spoken.stdin?.end("word\n");
    const seen: string[] = [];
    const iterated = guest.run({ script: "echo one; echo two" });
    first.stdin?.end("go on\n");
    for await (const line of iterated) seen.push(line);
    assert.equal((await first).exitCode, 0);
    assert.deepEqual([(await copied).exitCode, (await copied).isOutputTruncated], [0, false]);
    assert.equal(hash.digest("hex"), createHash("sha256").update(input).digest("hex"));
    const { stdout, stderr, exitCode } = await spoken;
    assert.deepEqual([stdout, stderr, exitCode, seen], ["word", "word", 4, ["one", "two"]]);
  });
});

test("a waiting step that is ended twice takes no other's place from it", async () => {
  await withLimited(1, async (guest) => {
    const abort = new AbortController();
    const steps = Array.from({ length: 6 }, (_, index) =>
      guest.exec(["echo", String(index)], index === 4 ? { signal: abort.signal } : {}),
    );
    steps[2]?.kill();
    steps[2]?.kill("SIGKILL");
    steps[4]?.kill();
    abort.abort();
    assert.deepEqual(
      (await Promise.all(steps)).map(({ signal, stdout }) => signal ?? stdout),
      ["0", "1", "SIGTERM", "3", "SIGTERM", "5"],
    );
  });
});

test("a waiting step's stdin is as one that has started: destroyed, failed, and closed with it", async () => {
  await withLimited(1, async (guest) => {
    const first = guest.run(HELD);
    const script = "cat > /dev/null; echo end";
    const destroyed = guest.run({ script, stdin: "pipe" });
    destroyed.stdin?.destroy();
    const failed = guest.run({ script, stdin: "pipe" });
    const source = new PassThrough();
    const piped = pipeline(source, failed.stdin ?? assert.fail());
    source.destroy(new Error("the source failed"));
    await assert.rejects(piped, /the source failed/);
    const closing = guest.run({ script: "exec <&-", stdin: "pipe" });
    const rejected = assert.rejects(pipeline(Readable.from(zeros()), closing.stdin ?? assert.fail()));
    first.stdin?.end("go on\n");
    assert.deepEqual([(await first).exitCode, (await destroyed).stdout, (await failed).stdout], [0, "end", "end"]);
    assert.equal((await closing).exitCode, 0);
    await rejected;
  });
});

test("a signal that does not end a waiting step reaches it when it has started", async () => {
  await withLimited(1, async (guest) => {
    const first = guest.run(HELD);
    const signalled = guest.exec(["sleep", "1000"]);
    signalled.kill("SIGUSR1");
    first.stdin?.end("go on\n");
    assert.equal((await first).exitCode, 0);
    assert.equal((await signalled).signal, "SIGUSR1");
  });
});

test("nobody has to read what a step that waited prints without end", async () => {
  await withLimited(1, async (guest) => {
    const first = guest.run(HELD);
    const endless = guest.run({ script: "yes" });
    first.stdin?.end("go on\n");
    for await (const line of endless) {
      assert.equal(line, "y");
      break;
    }
    const unwanted = guest.run({ script: "yes", buffer: false });
    unwanted.stdout.destroy();
    const results = await Promise.all([first, endless, unwanted]);
    assert.deepEqual(
      results.map(({ exitCode }) => exitCode),
      [0, 128 + os.constants.signals.SIGPIPE, 128 + os.constants.signals.SIGPIPE],
    );
  });
});

test("many steps that are started in one turn of the event loop do not hold it until the last has started", async () => {
  await withGuest({}, async (target) => {
    for (const backend of BACKENDS) {
      const guest = await connect({ ...target, backend });
      const steps = Array.from({ length: 64 }, (_, index) => guest.exec(["echo", String(index)]));
      // None of them has had a chance to end, so what was started is there.
      const atOnce = descendantsOf(process.pid).length;
      let turns = 0;
      let hasEnded = false;
      const count = (): void => {
        turns++;
        if (!hasEnded) setImmediate(count);
      };
      setImmediate(count);
      const results = await Promise.all(steps);
      hasEnded = true;
      results.forEach(({ stdout }, index) => assert.equal(stdout, String(index)));
      assert.ok(atOnce < 64, `${backend}: ${atOnce} processes were started at once`);
      assert.ok(turns > 1, `${backend}: nobody else had a turn`);
      guest.close();
    }
  });
});

test("a step that is given up while it waits never starts, and one that cannot start makes way", async () => {
  await withLimited(1, async (guest, { sharedRoot, containerRoot }) => {
    const abort = new AbortController();
    const first = guest.run(HELD);
    const touch = `touch ${containerRoot}/started`;
    const canceled = guest.run({ script: touch, signal: abort.signal });
    const killed = guest.run({ script: touch });
    const missing = assert.rejects(guest.exec(["no-such-program"]), { code: "COMMAND_NOT_FOUND" });
    // All of its time is left when its turn comes, although it waited for longer.
    const patient = guest.run({ script: "echo fine", timeout: PATIENT_MS });
    abort.abort();
    killed.kill("SIGKILL");
    // A timer that began later than the step's would have: it has run out as well then.
    await delay(PATIENT_MS);
    first.stdin?.end("go on\n");
    assert.deepEqual([(await canceled).outcome, (await canceled).exitCode], ["canceled", undefined]);
    assert.deepEqual([(await killed).outcome, (await killed).signal], ["signaled", "SIGKILL"]);
    await missing;
    assert.equal((await first).exitCode, 0);
    assert.equal((await patient).stdout, "fine");
    assert.throws(() => readFileSync(path.join(sharedRoot, "started")), { code: "ENOENT" });
  });
});

test("a concurrency that is none is refused", async () => {
  await withGuest({}, async ({ pid }) => {
    for (const concurrency of [0, -1, 1.5, NaN]) {
      await assert.rejects(connect({ pid, concurrency }), { code: "INVALID_OPTION", message: /is no number of steps/ });
    }
  });
});
