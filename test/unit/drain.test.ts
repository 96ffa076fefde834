import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";

import { Automaton } from "../../src/masking/automaton.ts";
import { maskStream } from "../../src/masking/index.ts";
import { drainAll, QUIET_MS } from "../../src/process/drain.ts";
import type { Output } from "../../src/process/tail.ts";

const SECRET = "a-secret-of-some-length";
const automaton = new Automaton([Buffer.from(SECRET)]);

function makeOutput(isMasked: boolean): Output {
  const stream = new Readable({ read: () => undefined });
  return { stream, masked: isMasked ? maskStream(stream, automaton) : undefined };
}

function textOf({ stream }: Output): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

/** Begins with the step's end. */
function drain(...outputs: Output[]): Promise<boolean> {
  return drainAll(outputs, Promise.resolve(), Promise.resolve(true), () => false);
}

for (const isMasked of [false, true]) {
  test(`a stream is not let go while the other one talks${isMasked ? ", masked" : ""}`, async () => {
    const [stdout, stderr] = [makeOutput(isMasked), makeOutput(isMasked)];
    const text = textOf(stderr);
    stdout.stream.resume();
    const drained = drain(stdout, stderr);
    // In this very event loop, and in each of its turns: whatever holds it up, holds the timers up as well.
    for (const begin = performance.now(); performance.now() - begin < 3 * QUIET_MS; await turn()) {
      stdout.stream.push(Buffer.from(isMasked ? SECRET : "."));
    }
    stderr.stream.push(Buffer.from("c"));
    for (const { stream } of [stdout, stderr]) stream.push(null);
    assert.equal(await drained, true);
    assert.equal(text(), "c");
  });
}

test("what is kept back in one stream, as it may become a secret, keeps the other open", async () => {
  const [stdout, stderr] = [makeOutput(true), makeOutput(false)];
  const text = textOf(stderr);
  stdout.stream.resume();
  const drained = drain(stdout, stderr);
  for (const character of SECRET.slice(0, 6)) {
    stdout.stream.push(Buffer.from(character));
    await delay(QUIET_MS * 0.4);
  }
  stderr.stream.push(Buffer.from("c"));
  for (const { stream } of [stdout, stderr]) stream.push(null);
  assert.equal(await drained, true);
  assert.equal(text(), "c");
});

test("a reader that is behind in one stream keeps the other open, but not for ever", async () => {
  const [stdout, stderr] = [makeOutput(false), makeOutput(false)];
  const text = textOf(stderr);
  stdout.stream.pause();
  stdout.stream.push(Buffer.from("not read yet"));
  const ended = new Promise((resolve) => stderr.stream.once("end", resolve));
  const drained = drain(stdout, stderr);
  await delay(3 * QUIET_MS);
  stderr.stream.push(Buffer.from("c"));
  // One who reads stderr to its end before stdout would otherwise wait for ever.
  await ended;
  assert.equal(text(), "c");
  const rest = textOf(stdout);
  stdout.stream.resume();
  assert.equal(await drained, false);
  assert.equal(rest(), "not read yet");
});
