import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { after, before, test } from "node:test";

import type { Job } from "../gocd/job.ts";
import { agentOf, jobOf, replay, type Replay } from "../gocd/replay.ts";
import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { cli, finished, plainEnvironment, startCli } from "../support/cli.ts";
import { BACKENDS } from "../support/contract.ts";

let guest: ThrowAwayGuest;
let pid: string[];
before(async () => {
  guest = await makeGuest();
  pid = ["--pid", String(guest.pid)];
});
after(() => guest.close());

function run(args: readonly string[], more: Partial<Job> = {}): Promise<Replay> {
  return replay(jobOf(args, more), agentOf(guest), guest.sharedRoot);
}

for (const backend of BACKENDS) {
  test(`${backend}: a header and a footer, on stderr; the script is not echoed`, async () => {
    const script = "echo out; echo err >&2; exit 3 # not-echoed";
    const replayed = await run(["run", "--backend", backend, "--shell", "bash", "--script", script]);
    assert.deepEqual([replayed.stdout, replayed.status], [["out"], 3]);
    const [first = "", ...others] = replayed.stderr;
    assert.equal(
      first,
      `k8s-executor: running bash in /work/pipelines/web, in the container of process ${guest.pid} (${backend})`,
    );
    assert.equal(others[0], "err");
    assert.match(others[1] ?? "", /^k8s-executor: failed after [\d.]+ m?s \(exit status 3\)$/);
    assert.equal(others.length, 2);
    assert.doesNotMatch(replayed.console.join("\n"), /not-echoed/);
  });
}

test("of a program only its name is told", async () => {
  const { stderr, stdout } = await run(["exec", "--", "echo", "hunter2"]);
  assert.deepEqual(stdout, ["hunter2"]);
  assert.match(stderr[0] ?? "", /: running echo in \/work\/pipelines\/web, in the container/);
  assert.match(stderr[1] ?? "", /: succeeded after \d+ ms \(exit status 0\)$/);
  assert.doesNotMatch(stderr.join("\n"), /hunter2/);
});

test("other endings: killed, timed out, not started", async () => {
  const last = async (...args: string[]): Promise<string> => (await run(args)).stderr.at(-1) ?? "";
  assert.match(
    await last("run", "--script", "kill -9 $$"),
    /: failed: killed by SIGKILL after .* \(exit status 137\)$/,
  );
  assert.match(
    await last("exec", "--timeout", "100ms", "sleep", "1000"),
    /: failed: timed out after .* \(exit status 124\)$/,
  );
  const refused = (await run(["run", "--script", " "])).console;
  assert.equal(refused.length, 1);
  assert.match(refused[0] ?? "", /: the script is empty/);
  assert.match(await last("exec", "no-such-program"), /: the program "no-such-program" was not found/);
});

test("--quiet drops both, and a captured output has neither", async () => {
  const quiet = await run(["run", "--quiet", "--script", "echo out; exit 3"]);
  assert.deepEqual([quiet.console, quiet.status], [["out"], 3]);
  const captured = 'x=$(k8s-executor exec printf "a\\nb"); printf "[%s]" "$x"';
  assert.deepEqual((await run([], { command: "sh", arguments: ["-c", captured] })).stdout, ["[a", "b]"]);
});

test("outside a job there is neither, but with --verbose", async () => {
  assert.equal((await cli(["run", ...pid, "--script", "exit 3"])).stderr, "");
  const { stderr, stdout } = await cli(["run", ...pid, "--verbose", "--script", "exit 3"]);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /^k8s-executor: entering .*\n(?:.*\n)*k8s-executor: running sh in \/root, in .*\nk8s-executor: failed after /,
  );
  const both = await cli(["run", ...pid, "--verbose", "--quiet", "--script", ":"]);
  assert.deepEqual(
    [both.status, both.stderr],
    [125, "k8s-executor: both --quiet and --verbose are given; give one of them\n"],
  );
});

test("lines of the two streams do not get into each other in one pipe", async () => {
  // Each is one write of the script's, and far less than a pipe holds, but our reads end anywhere.
  const line = (letter: string): string => `$(printf '%3000s' '' | tr ' ' ${letter})`;
  const script = `a=${line("a")} b=${line("b")}
    { i=0; while [ $i -lt 400 ]; do echo "$a"; i=$((i+1)); done; } &
    { i=0; while [ $i -lt 400 ]; do echo "$b" >&2; i=$((i+1)); done; }; wait`;
  for (const options of [["--lines"], []]) {
    const job =
      options.length > 0
        ? { ...jobOf([]), variables: {} } // not a job at all
        : jobOf([]);
    const { stdout } = await replay(
      {
        ...job,
        command: "sh",
        arguments: ["-c", 'exec k8s-executor run "$@" 2>&1', "sh", ...options, "--script", script],
      },
      agentOf(guest),
      guest.sharedRoot,
    );
    const mixed = stdout.filter((text) => !/^(?:a{3000}|b{3000}|k8s-executor: .*)$/.test(text));
    assert.deepEqual(mixed, []);
    assert.equal(stdout.filter((text) => !text.startsWith("k8s-executor: ")).length, 800);
  }
});

test("the footer begins a line of its own, and a last line without a newline is kept", async () => {
  const together = 'exec k8s-executor run --script "printf %s no-newline" 2>&1';
  const { stdout } = await run([], { command: "sh", arguments: ["-c", together] });
  assert.equal(stdout[1], "no-newline");
  assert.match(stdout[2] ?? "", /^k8s-executor: succeeded /);
  const error = await run(["run", "--script", "printf %s no-newline >&2"]);
  assert.equal(error.stderr[1], "no-newline");
  assert.match(error.stderr[2] ?? "", /^k8s-executor: succeeded /);
  // What is not ours is not changed: one more newline stands before the footer only.
  const file = path.join(guest.sharedRoot, "log");
  const log = openSync(file, "w");
  const env = { ...plainEnvironment(), GO_JOB_NAME: "job" };
  await cli(["run", ...pid, "--quiet", "--script", "printf abc"], { env, stdio: ["ignore", log, log] });
  closeSync(log);
  assert.equal(readFileSync(file, "utf8").replaceAll(/^k8s-executor: note: .*\n/gm, ""), "abc");
});

test("a prompt comes before its line has ended, and a progress bar as it moves", async () => {
  const ask = "printf 'name? '; read name; printf '1%%\\r2%%\\r'; read name; echo hi $name";
  const child = startCli(["run", ...pid, "--lines", "--stdin", "--script", ask], { stdio: ["pipe", "pipe", "pipe"] });
  const ended = finished(child);
  assert.equal(String(((await once(child.stdout as Readable, "data")) as [Buffer])[0]), "name? ");
  (child.stdin as Writable).write("go on\n");
  assert.match(String(((await once(child.stdout as Readable, "data")) as [Buffer])[0]), /^1%\r/);
  (child.stdin as Writable).end("me\n");
  assert.equal((await ended).stdout, "name? 1%\r2%\rhi me\n");
});

test("bytes pass through whole lines as they are", async () => {
  const expected = "head -c 5000000 /dev/urandom > /tmp/random; cat /tmp/random; cksum < /tmp/random >&2";
  const sum = `k8s-executor run --quiet --script '${expected}' | cksum`;
  const { stdout, stderr } = await run([], { command: "sh", arguments: ["-c", sum] });
  assert.deepEqual(stdout, stderr);
});
