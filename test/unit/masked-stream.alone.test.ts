import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { Automaton } from "../../src/masking/automaton.ts";
import { maskStream } from "../../src/masking/index.ts";
import { drainAll } from "../../src/process/drain.ts";

const SECRET = "a-secret-of-some-length";
const automaton = new Automaton([Buffer.from(SECRET)]);

test("a masked stream is filled, held up and ended as it was", async () => {
  const stream = new Readable({ read: () => undefined, highWaterMark: 10 });
  const masked = maskStream(stream, automaton);
  let held = 0;
  masked.onHeld = () => held++;
  assert.equal(stream.push(Buffer.from("a-secret")), true);
  assert.deepEqual([held, masked.lastRead, stream.readableLength], [1, 8, 0]);
  // Full: whoever fills it is to stop.
  assert.equal(stream.push(Buffer.from("-of-some-length and more")), false);
  assert.deepEqual([held, masked.lastRead, stream.readableLength], [1, 24, 15]);
  stream.push(Buffer.from(" a-sec"));
  stream.push(null);
  stream.push(null);
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), "****** and more a-sec");
});

/** Drains a stream that is masked, after the end of its step; parts come 100 ms apart, and none may end the wait. */
async function drainParts(parts: readonly Buffer[], wasForced: boolean): Promise<string> {
  const stream = new Readable({ read: () => undefined });
  const output = { stream, masked: maskStream(stream, automaton) };
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  let isOver = false;
  const drained = drainAll([output], Promise.resolve(), Promise.resolve(true), () => wasForced);
  const watched = drained.then(() => (isOver = true));
  for (const [index, part] of parts.entries()) {
    await delay(100);
    assert.ok(!isOver, `it was over before part ${index}`);
    stream.push(part);
  }
  await watched;
  assert.equal(await drained, false);
  return text;
}

test("what is masked away counts as read: a full pipe is not let go, though the step was ended by force", async () => {
  const full = Buffer.from(SECRET.repeat(2850).slice(0, 65536));
  const text = await drainParts([...Array<Buffer>(14).fill(full), Buffer.from("the last of it")], true);
  assert.ok(text.endsWith("the last of it") && !text.includes(SECRET), text.slice(-100));
});

test("what is kept back counts as read: its pipe is not silent", async () => {
  const parts = SECRET.slice(0, -1)
    .split("")
    .map((character) => Buffer.from(character));
  assert.equal(await drainParts(parts, false), SECRET.slice(0, -1));
});
