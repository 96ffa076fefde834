import assert from "node:assert/strict";
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { after, before, test, type TestContext } from "node:test";

import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { CLI, plainEnvironment } from "../support/cli.ts";
import { canRun } from "../support/require.ts";
import { Client } from "../support/worker.ts";

const BACKENDS = ["native", "helper", "nsenter"] as const;

let guest: ThrowAwayGuest;
before(async () => {
  guest = await makeGuest();
});
after(() => guest.close());

/** The command line with some signals ignored, as nohup leaves SIGHUP. */
function startIgnoring(
  t: TestContext,
  signals: readonly NodeJS.Signals[],
  args: readonly string[],
  stdio: StdioOptions = ["pipe", "pipe", "inherit"],
): ChildProcess {
  const names = signals.map((signal) => signal.slice("SIG".length)).join(" ");
  const command = ["-c", `trap '' ${names}; exec "$@"`, "sh", CLI, ...args];
  const child = spawn("sh", command, { stdio, env: plainEnvironment() });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

/** The next that comes; "" at the end. */
function nextText(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    const onData = (chunk: Buffer): void => finish(chunk.toString());
    const onEnd = (): void => finish("");
    const finish = (text: string): void => {
      stream.off("data", onData).off("end", onEnd);
      resolve(text);
    };
    stream.on("data", onData).on("end", onEnd);
  });
}

for (const backend of BACKENDS) {
  test(`a signal that was ignored at the start neither ends a step nor reaches it: ${backend}`, async (t) => {
    if (!canRun(t, ["nsenter", "root"])) return;
    for (const signal of ["SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const) {
      const step = ["exec", "--pid", String(guest.pid), "--backend", backend, "--interactive", "cat"];
      const child = startIgnoring(t, [signal], step, ["pipe", "pipe", "ignore"]);
      const [stdin, stdout] = [child.stdin as Writable, child.stdout as Readable];
      stdin.write("before\n");
      assert.equal(await nextText(stdout), "before\n");
      child.kill(signal);
      // Only a command line that has seen the signal, or ignores it, passes this on.
      stdin.write("after\n");
      assert.equal(await nextText(stdout), "after\n", signal);
      stdin.end("end\n");
      assert.equal(await nextText(stdout), "end\n", signal);
      assert.deepEqual(await once(child, "close"), [0, null], signal);
    }
  });

  test(`a step starts with no signal ignored, as under docker exec: ${backend}`, async (t) => {
    if (!canRun(t, ["nsenter", "root"])) return;
    const step = ["exec", "--pid", String(guest.pid), "--backend", backend, "grep", "SigIgn", "/proc/self/status"];
    const ignored = ["SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT", "SIGPIPE"] as const;
    const child = startIgnoring(t, ignored, step, ["ignore", "pipe", "ignore"]);
    assert.match(await nextText(child.stdout as Readable), /^SigIgn:\s0{16}\n$/);
    assert.deepEqual(await once(child, "close"), [0, null]);
  });
}

test("a signal that is not ignored ends the step while another one is", async (t) => {
  const child = startIgnoring(t, ["SIGHUP"], ["exec", "--pid", String(guest.pid), "--interactive", "cat"]);
  (child.stdin as Writable).write("before\n");
  await nextText(child.stdout as Readable);
  child.kill("SIGHUP");
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "close"), [143, null]);
});

test("a worker goes on after a signal that was ignored at its start", async (t) => {
  const child = startIgnoring(t, ["SIGHUP"], ["worker", "--pid", String(guest.pid)]);
  const client = new Client(child.stdin as Writable, child.stdout as Readable);
  const first = await client.run(1, "echo one");
  assert.deepEqual(first.answer["response"], { success: true, message: "the script ended with exit status 0" });
  child.kill("SIGHUP");
  const second = await client.run(2, "echo two");
  assert.deepEqual(second.answer["response"], { success: true, message: "the script ended with exit status 0" });
  client.input.end();
  assert.deepEqual(await once(child, "close"), [0, null]);
});

test("waiting for a container goes on after a signal that was ignored at the start", async (t) => {
  const wait = ["wait", "--container", "no-such-container", "--wait", "1s"];
  const child = startIgnoring(t, ["SIGHUP"], wait, ["ignore", "ignore", "pipe"]);
  await nextText(child.stderr as Readable);
  child.kill("SIGHUP");
  child.stderr?.resume();
  assert.deepEqual(await once(child, "close"), [125, null]);
});
