import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { connect, ExecutorError, type Guest } from "../../src/index.ts";
import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { cli, plainEnvironment } from "../support/cli.ts";
import { BACKENDS } from "../support/contract.ts";

const TOKEN = "tok_9fK2m/LqP zR7+vWx3A";

let target: ThrowAwayGuest;
before(async () => {
  target = await makeGuest({ env: { CONTAINERS_OWN: "the container's own secret" } });
});
after(() => target.close());

for (const backend of BACKENDS) {
  test(`${backend}: a masked value is in no sink`, async () => {
    const guest = await connect({ pid: target.pid, backend });
    try {
      await inNoSink(guest);
    } finally {
      guest.close();
    }
  });
}

async function inNoSink(guest: Guest): Promise<void> {
  const script = 'echo "out $TOKEN"; echo "err $TOKEN" >&2; printf %s "$CONTAINERS_OWN"; exit 3';
  const options = { script, env: { TOKEN }, mask: ["TOKEN", "CONTAINERS_OWN", "TOKEN"] };
  const result = await guest.run(options);
  assert.deepEqual(
    [result.stdout, result.stderr, result.exitCode, result.warnings, result.isOutputTruncated],
    ["out ******\n******", "err ******", 3, [], false],
  );
  assert.ok(!JSON.stringify(result).includes(TOKEN));

  const failed = await guest.run({ ...options, reject: true }).catch((error: unknown) => error);
  assert.ok(failed instanceof ExecutorError);
  assert.deepEqual([failed.code, failed.result?.stdout], ["STEP_FAILED", "out ******\n******"]);
  assert.ok(!`${failed.stack}${JSON.stringify(failed)}`.includes(TOKEN));

  const lines: string[] = [];
  const step = guest.run({ ...options, buffer: false });
  const errors: Buffer[] = [];
  step.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  for await (const line of step) lines.push(line);
  await step;
  assert.deepEqual([lines, Buffer.concat(errors).toString()], [["out ******", "******"], "err ******\n"]);
}

test("a value that is written in two goes, or byte by byte, is masked", async () => {
  await using guest = await connect({ pid: target.pid });
  // Each part is followed by a line on stderr, and the next one waits until we have seen that.
  const script = `go() { printf "$1"; echo >&2; read line; }
    go tok_; go secret1; go " "; for c in t o k _ s e c r e t 1 ' ' t o k; do go "$c"; done`;
  const step = guest.run({ script, env: { TOKEN: "tok_secret1" }, mask: ["TOKEN"], stdin: "pipe" });
  let parts = 0;
  step.stderr.on("data", () => {
    parts++;
    // In the next turn, so that what is in the other pipe is read before.
    setImmediate(() => step.stdin?.write("go on\n"));
  });
  const { stdout } = await step;
  assert.deepEqual([stdout, parts], ["****** ****** tok", 18]);
});

test("a line is passed on while the step runs, and a part of a value when it ends", async () => {
  await using guest = await connect({ pid: target.pid });
  const step = guest.run({
    script: 'echo "a line"; echo tok_; read x; printf tok_',
    env: { TOKEN: "tok_secret1" },
    mask: ["TOKEN"],
    stdin: "pipe",
    buffer: false,
  });
  const seen: string[] = [];
  for await (const line of step) {
    seen.push(line);
    // The step waits for this: were the line kept back, it would never end.
    if (line === "tok_") step.stdin?.end("\n");
  }
  assert.deepEqual(seen, ["a line", "tok_", "tok_"]);
});

test("a background process that holds the pipe with a part of a value in it", async () => {
  await using guest = await connect({ pid: target.pid });
  const script = "(while kill -0 $$ 2>/dev/null; do :; done; printf tok_secret; exec sleep 300) & echo $!";
  const { stdout, isOutputTruncated } = await guest.run({
    script,
    env: { TOKEN: "tok_secret1" },
    mask: ["TOKEN"],
  });
  const [pid = "", rest] = stdout?.split("\n") ?? [];
  await guest.exec(["kill", pid], { reject: true });
  assert.deepEqual([rest, isOutputTruncated], ["tok_secret", true]);
});

test("binary output is untouched", async () => {
  await using guest = await connect({ pid: target.pid });
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31 + (index >> 8)) % 256));
  const step = guest.exec(["cat"], { input: bytes, env: { TOKEN }, mask: ["TOKEN"], buffer: false });
  const chunks: Buffer[] = [];
  step.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await step;
  assert.ok(Buffer.concat(chunks).equals(bytes));
});

test("what cannot be masked is said, without its value, and masks nothing else", async () => {
  await using guest = await connect({ pid: target.pid });
  const step = guest.run({
    script: 'echo "$SHORT $TOKEN"',
    env: { SHORT: "no1", TOKEN, HOME: undefined },
    mask: ["SHORT", "HOME", "TOKEN", "GO_EA_AUTO_REGISTER_KEY"],
  });
  const warnings = [
    "the value of SHORT is not masked, for it has fewer than 4 characters",
    "the variable HOME is not set in the step, so nothing is masked for it",
    "the variable GO_EA_AUTO_REGISTER_KEY is not set in the step, so nothing is masked for it",
  ];
  assert.deepEqual(step.warnings, warnings);
  const result = await step;
  assert.deepEqual([result.stdout, result.warnings], ["no1 ******", warnings]);
  const canceled = await guest.run({ script: ":", mask: ["NOT_SET"], signal: AbortSignal.abort() });
  assert.equal(canceled.warnings.length, 1);
});

test("masks that are no names are refused", async () => {
  await using guest = await connect({ pid: target.pid });
  for (const mask of ["TOKEN", [""], [1], ["A=b"], [null], {}]) {
    await assert.rejects(guest.run({ script: ":", mask: mask as string[] }), { code: "INVALID_OPTION" });
  }
});

test("--mask: nothing shows on stdout, stderr or in the JSON, and one line says what is not masked", async () => {
  const json = path.join(target.sharedRoot, "masked.json");
  const env = { ...plainEnvironment(), TOKEN, SHORT: "no1" };
  for (const command of [
    ["run", "--script", 'echo "out $TOKEN $SHORT"; echo "err $TOKEN" >&2; printf "$TOKEN"; exit 3'],
    ["exec", "sh", "-c", 'echo "out $TOKEN $SHORT"; echo "err $TOKEN" >&2; printf "$TOKEN"; exit 3'],
  ]) {
    const [name = "", ...rest] = command;
    const options = ["--pid", String(target.pid), "--env", "TOKEN", "--env", "SHORT", `--json=${json}`];
    const result = await cli([name, ...options, "--mask", "TOKEN", "--mask=SHORT", "--verbose", ...rest], { env });
    assert.deepEqual([result.status, result.stdout], [3, "out ****** no1\n******"]);
    assert.match(result.stderr, /^k8s-executor: warning: the value of SHORT is not masked, .*4 characters$/m);
    assert.match(result.stderr, /^err \*{6}$/m);
    assert.ok(!`${result.stderr}${readFileSync(json, "utf8")}`.includes(TOKEN));
    assert.match(readFileSync(json, "utf8"), /"warnings":\["the value of SHORT/);
  }
});
