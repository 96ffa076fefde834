import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";

import { connect, createGocdWorker, waitForReady, type GocdWorker } from "../../src/index.ts";
import { cli } from "../support/cli.ts";
import { helpersOf, keepersOf, openDescriptors } from "../support/children.ts";
import { withGuest } from "../support/contract.ts";
import { startAlone, withAlone, type Alone } from "../support/own-namespace.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

const WAITING = "echo ready; exec sleep infinity";
const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-test-"));
after(() => rmSync(directory, { recursive: true }));

function newName(): string {
  return `database-${randomUUID().slice(0, 8)}`;
}

test("a container that comes later is waited for, and each change is told once", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const container = newName();
  const told: string[] = [];
  let waited = (): void => undefined;
  const isWaiting = new Promise<void>((resolve) => (waited = resolve));
  const ready = waitForReady({
    container,
    timeout: 60_000,
    onProgress: (text) => {
      told.push(text);
      waited();
    },
  });
  await isWaiting;
  const alone = await startAlone(WAITING, { K8S_EXECUTOR_CONTAINER: container });
  try {
    await using guest = await ready;
    assert.equal(guest.pid, alone.pid);
    assert.match(told[0] ?? "", new RegExp(`no (container is called "${container}"|other container)`));
    assert.equal(new Set(told).size, told.length);
  } finally {
    await alone.end();
  }
});

test("a probe is tried until it succeeds: as a script and as a program", async (t) => {
  if (!canRun(t, ["unshare"])) return;
  await withGuest({}, async ({ pid, sharedRoot, containerRoot }) => {
    for (const [index, form] of (["script", "program"] as const).entries()) {
      const file = `ready-${index}`;
      const asked = `${containerRoot}/asked-${index}`;
      const script = `echo >> ${asked}; test -e ${containerRoot}/${file}`;
      const probe = form === "script" ? script : ["sh", "-c", script];
      const ready = waitForReady({ pid, probe, timeout: 60_000 });
      await until("it was asked", () => existsSync(path.join(sharedRoot, `asked-${index}`)));
      writeFileSync(path.join(sharedRoot, file), "");
      (await ready).close();
    }
  });
});

test("typed errors: never appeared, ended, probe failed with its last words, and nothing stays open", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const container = newName();
  await withAlone(WAITING, { K8S_EXECUTOR_CONTAINER: container }, async ({ child }) => {
    (await connect({ container })).close();
    const before = openDescriptors();
    await assert.rejects(waitForReady({ container: `${container}x`, timeout: 50 }), {
      code: "TARGET_NEVER_APPEARED",
      message: new RegExp(`^the container did not appear within 50 ms: no container is called "${container}x"`),
    });
    const noisy = 'printf "\\033[31mconnection refused\\n"; exit 2';
    await assert.rejects(waitForReady({ container, timeout: 1000, probe: noisy }), {
      code: "PROBE_FAILED",
      message: /within 1000 ms: it exited with 2, saying "\{U\+001B\}\[31mconnection refused"; look/,
    });
    await assert.rejects(waitForReady({ container, timeout: 300, probe: "sleep 1000" }), {
      code: "PROBE_FAILED",
      message: /it had not ended after \d+ ms, without output/,
    });
    await assert.rejects(waitForReady({ container, timeout: 1000, probe: "kill -9 $$" }), {
      message: /it was killed by SIGKILL/,
    });
    // What waiting does not mend is an error at once.
    await assert.rejects(waitForReady({ container, timeout: 60_000, probe: ["no-such-program"] }), {
      code: "COMMAND_NOT_FOUND",
    });
    await assert.rejects(waitForReady({ container, timeout: 60_000, probe: [] }), { code: "INVALID_OPTION" });
    const killer = waitForReady({ container, timeout: 3000, probe: "kill -9 $PPID_OF_NOBODY; exit 1" });
    child.kill("SIGKILL");
    await assert.rejects(killer, { code: "TARGET_EXITED", message: /ended and did not come again within 3000 ms/ });
    await until("all is closed", () => openDescriptors() <= before);
    assert.deepEqual(helpersOf(process.pid), []);
  });
});

test("a container that restarts while its probe fails is found again", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const container = newName();
  const env = { K8S_EXECUTOR_CONTAINER: container };
  const asked = path.join(directory, "asked");
  let second: Alone | undefined;
  t.after(() => second?.end());
  await withAlone(WAITING, { ...env, GENERATION: "1" }, async (first) => {
    const probe = `echo >> ${asked}; test "$GENERATION" = 2`;
    const ready = waitForReady({ container, timeout: 60_000, probe });
    await until("it was asked", () => existsSync(asked));
    await first.end();
    second = await startAlone(WAITING, { ...env, GENERATION: "2" });
    await using guest = await ready;
    assert.equal(guest.pid, second.pid);
  });
});

test("a wait that is given up ends at once, with the caller's reason", async (t) => {
  if (!canRun(t, ["unshare"])) return;
  await withGuest({}, async ({ pid }) => {
    const before = openDescriptors();
    for (const probe of ["exit 1", "sleep 1000"]) {
      const given = new AbortController();
      const reason = new Error("enough");
      const ready = waitForReady({
        pid,
        timeout: 600_000,
        probe,
        signal: given.signal,
        onProgress: () => given.abort(reason),
      });
      if (probe === "sleep 1000")
        await until("the probe runs", () => keepersOf(process.pid).length > 0).then(() => given.abort(reason));
      await assert.rejects(ready, reason);
    }
    const aborted = AbortSignal.abort(new Error("before"));
    await assert.rejects(waitForReady({ pid, timeout: 1000, signal: aborted }), /before/);
    await until("all is closed", () => openDescriptors() <= before);
  });
});

test("bad options are refused at once", async () => {
  for (const [options, message] of [
    [undefined, /the options are no object/],
    [{}, /no timeout is given/],
    [{ timeout: 1, signal: new AbortController() }, /signal is no AbortSignal/],
    [{ timeout: 1, prob: "true" }, /the option "prob" is unknown; did you mean probe\?/],
    [{ timeout: 1, probe: "" }, /the probe is empty/],
    [{ timeout: 1, onProgress: "x" }, /onProgress is of type string/],
    [{ timeout: 0 }, /the timeout 0/],
    [{ timeout: Infinity }, /the timeout Infinity/],
    [{ timeout: "1s" }, /the timeout 1s/],
    [{ timeout: 1, probe: 5 }, /the probe is of type number; give a script, or a list/],
    [{ timeout: 1, container: 5 }, /the option container is of type number/],
  ] as const) {
    await assert.rejects(waitForReady(options as never), { code: "INVALID_OPTION", message });
  }
});

test("the command line waits, and says nothing where stderr is no terminal", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const container = newName();
  const run = cli(["run", "--container", container, "--wait", "60s", "--probe", '["true"]', "--script", "echo in"]);
  await withAlone(WAITING, { K8S_EXECUTOR_CONTAINER: container }, async () => {
    const { stdout, stderr, status } = await run;
    assert.deepEqual([stdout, stderr, status], ["in\n", "", 0]);
    const failed = await cli(["exec", "--container", container, "--wait", "2s", "--probe", "exit 4", "true"]);
    assert.equal(failed.status, 125);
    assert.match(
      failed.stderr,
      /^k8s-executor: the probe did not succeed within 2000 ms: it exited with 4, without output; /,
    );
  });
});

test("on a terminal, a line shows what is waited for, and is cleared", async (t) => {
  if (!canRun(t, ["root", "unshare", "script"])) return;
  const container = newName();
  const line = `node dist/cli/main.js exec --container ${container} --wait 300ms true`;
  const child = spawn("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const [status] = (await once(child, "close")) as [number];
  assert.equal(status, 125);
  assert.match(
    shown.replaceAll("\r\u001b[2K", "CLEAR "),
    /^CLEAR k8s-executor: waiting: no [^\r\n]*CLEAR k8s-executor: the container did not appear/,
  );
});

test("a worker's tasks name their containers; one that restarted is found again, one that is cancelled waits for none", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const [maven, golang] = [newName(), newName()];
  await using patient = createGocdWorker({ container: maven, wait: 60_000 });
  await using hasty = createGocdWorker({ container: maven, wait: 300 });
  const lines: string[] = [];
  const executeBy =
    (worker: GocdWorker) =>
    (script: string, container: string, signal?: AbortSignal): Promise<object> =>
      worker.handle(
        { request: "execute", body: { config: { script: { value: script }, container: { value: container } } } },
        { signal, console: (some) => void lines.push(...some.map(({ line }) => line)) },
      );
  const execute = executeBy(patient);
  const echo = 'echo "$K8S_EXECUTOR_CONTAINER $GENERATION"';
  await withAlone(WAITING, { K8S_EXECUTOR_CONTAINER: golang, GENERATION: "1" }, async () => {
    await withAlone(WAITING, { K8S_EXECUTOR_CONTAINER: maven, GENERATION: "1" }, async (first) => {
      await Promise.all([execute(echo, ""), execute(echo, golang)]);
      assert.deepEqual(lines.toSorted(), [`${maven} 1`, `${golang} 1`].toSorted());
      assert.match(JSON.stringify(await executeBy(hasty)(echo, "")), /"success":true/);
      await first.end();
    });
    assert.match(JSON.stringify(await executeBy(hasty)(echo, "")), /"success":false,"message":".* 300 ms/);
    const over = new AbortController();
    const cancelled = execute(echo, "", over.signal);
    const waiting = execute(echo, "");
    over.abort();
    assert.deepEqual(await cancelled, { success: false, message: "the script was cancelled" });
    await withAlone(WAITING, { K8S_EXECUTOR_CONTAINER: maven, GENERATION: "2" }, async () => {
      assert.match(JSON.stringify(await waiting), /"success":true/);
      assert.equal(lines.at(-1), `${maven} 2`);
    });
  });
});

test("the command wait: without a choice any container will do, and a log has a line for what is waited for", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const container = newName();
  await withAlone(WAITING, { K8S_EXECUTOR_CONTAINER: container }, async () => {
    await withAlone(WAITING, {}, async () => {
      assert.deepEqual(await cli(["wait"]), { status: 0, signal: null, stdout: "", stderr: "" });
      // A probe is for one.
      assert.match((await cli(["wait", "--probe", "true"])).stderr, /containers that could be meant/);
    });
    assert.equal((await cli(["wait", "--container", container, "--probe", "true"])).status, 0);
    const { status, stderr } = await cli(["wait", "--container", `${container}x`, "--wait", "300ms"]);
    assert.equal(status, 125);
    assert.match(
      stderr,
      /^k8s-executor: waiting: no container is called .*\nk8s-executor: the container did not appear within 300 ms/,
    );
  });
});

test("a name is asked for at each task: a stand-in gets none once the true one is back, nor one that came meanwhile", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const container = newName();
  const env = { K8S_EXECUTOR_CONTAINER: container };
  await using worker = createGocdWorker({ container });
  const lines: string[] = [];
  const execute = async (): Promise<string> => {
    const body = { config: { script: { value: 'echo "$GENERATION"' } } };
    return JSON.stringify(
      await worker.handle(
        { request: "execute", body },
        { console: (some) => void lines.push(...some.map(({ line }) => line)) },
      ),
    );
  };
  await withAlone(WAITING, { ...env, GENERATION: "stand-in" }, async () => {
    assert.match(await execute(), /"success":true/);
    await withAlone(WAITING, { ...env, GENERATION: "true one" }, async () => {
      assert.match(await execute(), /means 2 containers/);
    });
    assert.match(await execute(), /"success":true/);
  });
  await withAlone(WAITING, { ...env, GENERATION: "true one" }, async () => {
    assert.match(await execute(), /"success":true/);
  });
  assert.deepEqual(lines, ["stand-in", "stand-in", "true one"]);
});

test("a secret of the configuration is masked in a worker's console", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const container = newName();
  const config = path.join(directory, "k8s-executor.json");
  writeFileSync(config, JSON.stringify({ containers: { [container]: { env: { TOKEN: "s3cr3t-token-1234" } } } }));
  await withAlone(WAITING, { K8S_EXECUTOR_CONTAINER: container }, async () => {
    await using worker = createGocdWorker({ container, config, maskedVariables: ["TOKEN", "OTHER"] });
    const lines: string[] = [];
    const body = { config: { script: { value: 'echo "token=$TOKEN"' } } };
    await worker.handle(
      { request: "execute", body },
      { console: (some) => void lines.push(...some.map(({ line }) => line)) },
    );
    assert.deepEqual(lines, ["token=******"]);
  });
});

test("an event loop that is blocked while the helper is tried harms nobody", async (t) => {
  if (!canRun(t, ["unshare"])) return;
  await withGuest({}, async ({ pid }) => {
    // Longer than the helper's patience, so that its timer comes first.
    const program = `import { connect } from ${JSON.stringify(path.resolve("dist/index.js"))};
      const connecting = connect({ pid: ${pid} });
      for (let turn = 0; turn < 60; turn++) await undefined;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5500);
      const guest = await connecting;
      console.log(guest.backend, (await guest.run({ script: "echo in" })).stdout);
      guest.close();`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    assert.deepEqual([stderr, status, stdout], ["", 0, "native in\n"]);
  });
});
