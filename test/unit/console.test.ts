import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { test } from "node:test";

import { footer, header } from "../../src/cli/announce.ts";
import { formatDuration } from "../../src/cli/duration.ts";
import { wholeLines } from "../../src/cli/whole-lines.ts";
import type { StepResult } from "../../src/index.ts";

/** Longer than any test: what is cut is not cut for the time. */
const FOR_EVER = 2 ** 31 - 1;

async function cut(chunks: readonly string[], quietMs: number = FOR_EVER): Promise<string[]> {
  const from = Readable.from(chunks.map((chunk) => Buffer.from(chunk, "latin1")));
  const pieces: string[] = [];
  for await (const piece of wholeLines(from, quietMs)) pieces.push(piece.toString("latin1"));
  return pieces;
}

test("whole lines at once, as many as there are", async () => {
  assert.deepEqual(await cut(["a\nb\nc"]), ["a\nb\n", "c"]);
  assert.deepEqual(await cut(["a", "b", "c\nd", "e\n\n", "f"]), ["abc\n", "de\n\n", "f"]);
  assert.deepEqual(await cut(["a\n", "b\n"]), ["a\n", "b\n"]);
  assert.deepEqual(await cut(["\xff\xfe", "\xc3", "\xa9\n"]), ["\xff\xfe\xc3\xa9\n"]);
  assert.deepEqual(await cut([]), []);
  assert.deepEqual(await cut(["no newline"]), ["no newline"]);
});

test("a carriage return ends a line, but no CRLF is cut in two", async () => {
  assert.deepEqual(await cut(["10%\r20%\r30%", "\r40%\n"]), ["10%\r20%\r", "30%\r40%\n"]);
  assert.deepEqual(await cut(["\r10%", "\r20%", "\r30%\n"]), ["\r", "10%\r", "20%\r30%\n"]);
  assert.deepEqual(await cut(["10%\r", "20%\r", "30%"]), ["10%\r", "20%\r", "30%"]);
  assert.deepEqual(await cut(["a\r\nb\r", "\nc\r\n"]), ["a\r\n", "b\r\nc\r\n"]);
  assert.deepEqual(await cut(["a\r\nb\r"]), ["a\r\n", "b\r"]);
  assert.deepEqual(await cut(["a\r", "\r", "\n"]), ["a\r", "\r\n"]);
});

test("a line over a megabyte comes in pieces, and nothing is lost at any cut", async () => {
  const long = "x".repeat(300_000);
  const pieces = await cut([long, long, long, long, "y\n", "short\n"]);
  assert.deepEqual(
    pieces.map((piece) => piece.length),
    [1_200_000, 2, 6],
  );
  const text = Array.from({ length: 5000 }, (_, index) => `line ${index}${"\r".repeat(index % 3)}\n`).join("");
  for (const size of [1, 2, 3, 7, 64, 1000]) {
    const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      text.slice(index * size, (index + 1) * size),
    );
    const cutText = await cut(chunks);
    assert.equal(cutText.join(""), text);
    assert.ok(cutText.every((piece) => /[\n\r]$/.test(piece)));
  }
});

test("a line whose end does not come is passed on", async () => {
  const from = new PassThrough();
  const pieces = wholeLines(from, 1);
  from.write("done\nname? ");
  assert.equal(String((await pieces.next()).value), "done\n");
  assert.equal(String((await pieces.next()).value), "name? ");
  from.end("me\n");
  assert.equal(String((await pieces.next()).value), "me\n");
  assert.equal((await pieces.next()).done, true);
});

test("leaving early destroys the stream, also while a line is waited for", async () => {
  const from = new PassThrough();
  from.write("a\nb");
  const pieces = wholeLines(from, 1);
  for await (const piece of pieces) if (piece.toString() === "b") break;
  assert.equal(from.destroyed, true);
});

test("the header says what runs where, and nothing that may be secret", () => {
  const guest = { pid: 42, backend: "native", names: [] } as const;
  assert.equal(
    header("bash", "/go/pipelines/web", guest),
    "running bash in /go/pipelines/web, in the container of process 42 (native)",
  );
  assert.equal(
    header("bash", "/work", { ...guest, names: [{ name: "maven", source: "pause" }] }),
    "running bash in /work, in the container maven, process 42 (native)",
  );
});

test("the footer says how it ended", () => {
  const result = { durationMs: 1234, timedOut: false, outOfMemory: false, signal: undefined } as StepResult;
  const line = (parts: Partial<StepResult>, status: number, signalledBy?: NodeJS.Signals): string =>
    footer({ ...result, ...parts }, status, signalledBy);
  assert.equal(line({}, 0), "succeeded after 1.2 s (exit status 0)");
  assert.equal(line({}, 3), "failed after 1.2 s (exit status 3)");
  assert.equal(line({ signal: "SIGKILL" }, 137), "failed: killed by SIGKILL after 1.2 s (exit status 137)");
  assert.equal(line({ timedOut: true, signal: "SIGTERM" }, 124), "failed: timed out after 1.2 s (exit status 124)");
  assert.match(line({ outOfMemory: true, signal: "SIGKILL" }, 137), /^failed: out of memory, .* \(exit status 137\)$/);
  assert.equal(line({ signal: "SIGTERM" }, 143, "SIGTERM"), "cancelled by SIGTERM after 1.2 s (exit status 143)");
});

test("durations for people", () => {
  for (const [ms, text] of [
    [0.4, "0 ms"],
    [350.6, "351 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [59_949, "59.9 s"],
    [59_951, "1 min 0 s"],
    [125_000, "2 min 5 s"],
    [3_599_600, "1 h 0 min"],
    [5_400_000, "1 h 30 min"],
  ] as const) {
    assert.equal(formatDuration(ms), text);
  }
});
