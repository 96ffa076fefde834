import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { test } from "node:test";

import { hide, wrapper } from "../../src/backend/nsenter/wrapper.ts";
import { decodeEnd, RECORD_SIZE } from "../../src/backend/record.ts";
import { isExhausted, startError } from "../../src/backend/start-error.ts";
import { parseDuration } from "../../src/cli/duration.ts";
import { readIdMap } from "../../src/container/id-map.ts";
import type { ExecutorError } from "../../src/errors/index.ts";
import { Collector } from "../../src/process/collector.ts";
import { Lines } from "../../src/process/lines.ts";
import { normalizeScript } from "../../src/step/script.ts";

test("what ran out before a helper could be started is told as such, a full disk too", () => {
  for (const errno of ["EMFILE", "ENFILE", "EAGAIN", "ENOMEM", "ENOSPC"]) {
    const cause = Object.assign(new Error(errno), { code: errno });
    assert.equal((startError("the step", cause) as ExecutorError).code, "RESOURCE_EXHAUSTED", errno);
    assert.ok(isExhausted(cause), errno);
  }
  const other = Object.assign(new Error("EPERM"), { code: "EPERM" });
  assert.equal((startError("the step", other) as ExecutorError).code, "ENTRY_FAILED");
  assert.ok(!isExhausted(other));
});

test("durations", () => {
  for (const [text, ms] of [
    ["30s", 30_000],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["250ms", 250],
    ["2", 2000],
    ["0", 0],
  ] as const) {
    assert.equal(parseDuration("--timeout", text), ms, text);
  }
  for (const text of ["", "s", "-1s", "1 s", "1d", "Infinity", "1e3", "25000m0"]) {
    assert.throws(() => parseDuration("--timeout", text), { code: "INVALID_OPTION" }, text);
  }
});

test("scripts", () => {
  assert.equal(normalizeScript("a\r\nb\rc\n").toString(), "a\nb\nc\n");
  assert.deepEqual(normalizeScript(Buffer.of(0x61, 0x0d, 0xff)), Buffer.of(0x61, 0x0a, 0xff));
  for (const empty of ["", " \t\r\n", new Uint8Array()])
    assert.throws(() => normalizeScript(empty), { code: "EMPTY_SCRIPT" });
});

function linesOf(stream: Readable, close = async (): Promise<void> => undefined): Lines {
  return new Lines(() => stream, close);
}

test("a line of 100 MB comes in pieces, whose joint is the line", async () => {
  const text = "é".repeat(500_000);
  const chunk = Buffer.from(text);
  let length = 0;
  let longest = 0;
  const rest: string[] = [];
  for await (const piece of linesOf(Readable.from([...Array<Buffer>(100).fill(chunk), Buffer.from("\n\nend")]))) {
    if (piece.startsWith("é")) length += piece.length;
    else rest.push(piece);
    longest = Math.max(longest, piece.length);
  }
  assert.deepEqual([length, longest < 2_000_000, rest], [50_000_000, true, ["", "end"]]);
});

test("lines keep characters whole that are split between chunks", async () => {
  const bytes = Buffer.from("grüße\n✓\n\nend");
  const seen: string[] = [];
  for await (const line of linesOf(Readable.from([...bytes].map((byte) => Buffer.of(byte))))) seen.push(line);
  assert.deepEqual(seen, ["grüße", "✓", "", "end"]);
});

test("lines that are asked for before they are there come in order, and the end comes to all who ask", async () => {
  const lines = linesOf(Readable.from([Buffer.from("a\nb\n"), Buffer.from("c\nd")]));
  const asked = Array.from({ length: 6 }, () => lines.next());
  assert.deepEqual(
    (await Promise.all(asked)).map(({ value, done }) => (done ? "end" : value)),
    ["a", "b", "c", "d", "end", "end"],
  );
});

test("who leaves the lines destroys the stream; what fails at the end or on the way fails for who asks, once", async () => {
  const stream = new PassThrough();
  stream.write("a\nb\n");
  for await (const line of linesOf(stream)) {
    assert.equal(line, "a");
    break;
  }
  assert.ok(stream.destroyed);
  const failing = linesOf(Readable.from([Buffer.from("a")]), async () => Promise.reject(new Error("the step failed")));
  assert.deepEqual(await failing.next(), { value: "a", done: false });
  await assert.rejects(failing.next(), /the step failed/);
  assert.deepEqual(await failing.next(), { value: undefined, done: true });
  const broken = linesOf(new PassThrough().destroy(new Error("broken")));
  await assert.rejects(broken.next(), /broken/);
  assert.equal((await broken.next()).done, true);
  const asking = new PassThrough();
  const both = linesOf(asking);
  const asked = both.next();
  const left = both.return();
  asking.write("a\nb\nc\n");
  assert.deepEqual([await asked, (await left).done, asking.destroyed], [{ value: "a", done: false }, true, true]);
  assert.equal((await both.next()).done, true);
  const unopened = linesOf(stream);
  assert.deepEqual(await unopened.return(), { value: undefined, done: true });
  assert.equal((await unopened.next()).done, true);
});

test("a collector keeps its limit and says that it cut", async () => {
  const stream = new PassThrough();
  const collector = new Collector(stream, 5);
  stream.end("12345678");
  await new Promise((resolve) => stream.once("end", resolve));
  assert.deepEqual([collector.text(true), collector.isTruncated], ["12345", true]);
});

test("a user namespace's ids", () => {
  const proc = {
    canOpen: true,
    link: () => "",
    nameCount: () => 1,
    pids: () => [],
    readLine: () => "",
    read: () => Buffer.from("         0      12345          1\n 1 100000 65536\n"),
  };
  const map = readIdMap(proc, "uid_map");
  assert.deepEqual(
    [12_345, 100_000, 100_005, 165_536, 0].map((id) => map.toInner(id)),
    [0, 1, 6, undefined, undefined],
  );
});

test("a record that is cut off is no ending", () => {
  assert.equal(decodeEnd(Buffer.alloc(0)), undefined);
  assert.equal(decodeEnd(Buffer.alloc(RECORD_SIZE - 1, 2)), undefined);
  assert.equal(decodeEnd(Buffer.alloc(RECORD_SIZE)), undefined);
});

test("nsenter sees no variable that its own loader or libc would obey", () => {
  const { variables, hidden, hiddenAs } = hide(
    [
      "LD_PRELOAD=/evil.so",
      "GCONV_PATH=/evil",
      "PATH=/bin",
      "LANGUAGE=../../evil",
      "K8S_EXECUTOR_0=job",
      "UL_x-y=1",
    ].map((entry) => Buffer.from(entry)),
  );
  assert.equal(hidden, 4);
  assert.deepEqual(variables, {
    LC_ALL: "C",
    PATH: "/bin:/usr/bin:/bin",
    K8S_EXECUTOR_0: "job",
    "UL_x-y": "1",
    K8S_EXECUTOR__0: "LD_PRELOAD=/evil.so",
    K8S_EXECUTOR__1: "GCONV_PATH=/evil",
    K8S_EXECUTOR__2: "PATH=/bin",
    K8S_EXECUTOR__3: "LANGUAGE=../../evil",
  });
  assert.doesNotMatch(
    wrapper({
      hidden,
      hiddenAs,
      script: undefined,
      isInMemoryToo: false,
      isCwdWanted: true,
      umask: 0o27,
      statements: [],
    }),
    /evil/,
  );
});
