import assert from "node:assert/strict";
import { spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";

import { HelperBackend } from "../../src/backend/helper/helper.ts";
import { pinContainer } from "../../src/container/index.ts";
import { Guest } from "../../src/guest.ts";
import { connect } from "../../src/index.ts";
import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import {
  descendantsOf,
  childrenOf,
  keeperOf,
  keepersOf,
  helpersOf,
  isAlive,
  killIfAlive,
  openDescriptors,
} from "../support/children.ts";
import { startCli } from "../support/cli.ts";
import { BACKENDS, withGuest } from "../support/contract.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

const SUPERVISED = ["native", "helper"] as const;
/** Far more than the helper needs to tell of a step's end, and far less than the silence that is waited for after it. */
const HEARD_MS = 30;
/** What a guest has apart; only root can make one that shares our processes. */
const GUESTS = process.getuid?.() === 0 ? (["all", "mnt"] as const) : (["all"] as const);

/** Sends a signal to the helper of the step that runs, and waits until the step is lost and nothing of it is left. */
async function strikeHelper(signal: NodeJS.Signals, processes: number, lost: Promise<void>): Promise<void> {
  const helper = keeperOf(process.pid);
  const tree = descendantsOf(helper);
  assert.equal(tree.length, processes);
  process.kill(helper, signal);
  await lost;
  await until("the whole tree is gone", () => !tree.some(isAlive));
}

for (const backend of SUPERVISED) {
  test(`${backend}: an agent killed by SIGKILL leaves no script file and no process`, async () => {
    await withGuest({ namespaces: process.getuid?.() === 0 ? "mnt" : "all" }, async ({ pid, sharedRoot }) => {
      const script = "trap '' TERM HUP INT; setsid sleep 1000 & echo $!; sleep 1000 & echo $$; wait";
      const options = ["--pid", String(pid), "--shared-root", sharedRoot, "--container-root", "/work"];
      const agent = startCli(["run", ...options, "--backend", backend, "--script", script]);
      let output = "";
      agent.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
      await until("the script runs", () => output.split("\n").length === 3);
      const helper = keeperOf(agent.pid ?? 0);
      const ours = childrenOf(helper).map((child) => child.pid);
      assert.equal(readdirSync(sharedRoot).length, 1);
      agent.kill("SIGKILL");
      await until("the script file is removed", () => readdirSync(sharedRoot).length === 0);
      await until("its processes are gone", () => ours.every((child) => !existsSync(`/proc/${child}`)));
      await until("the helper is gone", () => !existsSync(`/proc/${helper}/ns`));
    });
  });

  for (const namespaces of GUESTS) {
    test(`${backend}: a helper that is killed takes along all that the script started; ${namespaces} apart`, async () => {
      await withGuest({ namespaces }, async ({ pid, sharedRoot }) => {
        const guest = await connect({ pid, sharedRoot, containerRoot: "/work", backend });
        const step = guest.run({ script: "sleep 1000 & setsid sh -c 'echo ready; exec sleep 1000' & exec sleep 1000" });
        const lost = assert.rejects(step, { code: "HELPER_LOST", message: /how the step ended is unknown/ });
        await once(step.stdout, "data");
        // The step, what it started, and the relay; and the subreaper, where it needs one.
        await strikeHelper("SIGKILL", namespaces === "all" ? 5 : 4, lost);
        assert.deepEqual(readdirSync(sharedRoot), []);
        guest.close();
      });
    });
  }

  test(`${backend}: a subreaper that is killed takes along all that the script started`, async () => {
    await withGuest({}, async ({ pid }) => {
      await using guest = await connect({ pid, backend });
      const step = guest.run({ script: "setsid sh -c 'echo ready; exec sleep 1000' & exec sleep 1000" });
      await once(step.stdout, "data");
      const tree = descendantsOf(keeperOf(process.pid));
      const [subreaper] = helpersOf(keeperOf(process.pid));
      assert.ok(subreaper !== undefined && tree.length === 4);
      process.kill(subreaper, "SIGKILL");
      const { outcome, signal } = await step;
      assert.deepEqual([outcome, signal], ["signaled", "SIGKILL"]);
      await until("the whole tree is gone", () => !tree.some(isAlive));
    });
  });

  test(`${backend}: a directory in the place of the script does not hide that the helper was lost`, async () => {
    await withGuest({}, async ({ pid, sharedRoot }) => {
      const guest = await connect({ pid, sharedRoot, containerRoot: "/work", backend });
      const script = 'rm "$0"; mkdir "$0"; echo ready; exec sleep 1000';
      const step = guest.run({ script });
      const lost = assert.rejects(step, { code: "HELPER_LOST" });
      await once(step.stdout, "data");
      await strikeHelper("SIGKILL", 3, lost);
      guest.close();
    });
  });

  test(`${backend}: what passes the output on is out of the container's sight`, async () => {
    await withGuest({}, async ({ pid }) => {
      const guest = await connect({ pid, backend });
      const step = guest.run({ script: "echo ready; read line", stdin: "pipe" });
      await once(step.stdout, "data");
      // After the subreaper.
      const relay = helpersOf(keeperOf(process.pid)).at(-1);
      assert.equal(readlinkSync(`/proc/${relay}/ns/pid`), readlinkSync("/proc/self/ns/pid"));
      step.stdin?.end();
      await step;
      guest.close();
    });
  });

  test(`${backend}: a step whose relay is killed ends, at a terminal too`, async () => {
    await withGuest({}, async ({ pid }) => {
      await using guest = await connect({ pid, backend });
      for (const tty of [true, false]) {
        const step = guest.run({ script: "echo ready; exec yes", tty, maxBuffer: 1000 });
        await once(step.stdout, "data");
        killIfAlive(helpersOf(keeperOf(process.pid)).at(-1) ?? -1);
        const { failed, signal, isOutputTruncated } = await step;
        assert.deepEqual([failed, signal, isOutputTruncated], [true, tty ? "SIGHUP" : "SIGPIPE", true]);
      }
    });
  });

  test(`${backend}: a helper that is stopped stops neither the agent nor the timeout`, async () => {
    await withGuest({}, async ({ pid }) => {
      const guest = await connect({ pid, backend });
      const script = "sleep 1000 & setsid sleep 1000 & echo ready; exec sleep 1000";
      const step = guest.run({ script, timeout: 500, forceKillAfterDelay: 50 });
      const lost = assert.rejects(step, { code: "HELPER_LOST" });
      await once(step.stdout, "data");
      await strikeHelper("SIGSTOP", 5, lost);
      await until("the keeper is gone", () => keepersOf(process.pid).length === 0);
      guest.close();
    });
  });

  test(`${backend}: a container that ends takes its step along, and later ones never start`, async () => {
    const target = await makeGuest();
    const guest = await connect({ pid: target.pid, sharedRoot: target.sharedRoot, containerRoot: "/work", backend });
    const step = guest.run({ script: "echo ready; exec sleep 1000" });
    const gone = assert.rejects(step, { code: "CONTAINER_GONE" });
    await once(step.stdout, "data");
    process.kill(target.pid, "SIGKILL");
    await gone;
    assert.deepEqual(readdirSync(target.sharedRoot), []);
    await assert.rejects(guest.exec(["true"]), { code: "CONTAINER_GONE", message: new RegExp(`${target.pid}`) });
    guest.close();
    await target.close();
    // The container has restarted: its new main process has another pid, and a new connection works.
    await withGuest({}, async (restarted) => {
      await using again = await connect({ ...restarted, backend });
      assert.equal((await again.run({ script: "exit 6" })).exitCode, 6);
    });
  });

  test(`${backend}: an agent whose event loop is blocked loses no output and no exit status`, async () => {
    await withGuest({}, async ({ pid, sharedRoot, containerRoot }) => {
      await using guest = await connect({ pid, sharedRoot, containerRoot, backend });
      const ready = path.join(sharedRoot, "ready");
      // More than all the pipes on the way hold, so that the step waits for us; less; and one that ends meanwhile.
      const large = guest.run({ script: `touch ready; seq 1000000; exit 7`, cwd: "/work" });
      const middle = Array.from({ length: 8 }, () => guest.run({ script: "seq 100000; exit 6" }));
      const small = guest.run({ script: "echo out; exit 8", timeout: 1000 });
      await until("the large one runs", () => existsSync(ready));
      // Longer than any patience that drain.ts has.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6000);
      for (const step of middle) {
        const result = await step;
        assert.deepEqual([result.exitCode, result.stdout?.length, result.isOutputTruncated], [6, 588_894, false]);
      }
      const { exitCode, stdout = "", isOutputTruncated } = await large;
      assert.deepEqual([exitCode, isOutputTruncated], [7, false]);
      assert.equal(stdout.length, 6_888_895);
      // It ended in time, although its timeout passed before we could see that.
      const ended = await small;
      assert.deepEqual([ended.outcome, ended.exitCode, ended.stdout], ["exited", 8, "out"]);
    });
  });

  test(`${backend}: what a background process soon writes is kept, also where the event loop was blocked then`, async (t) => {
    if (!canRun(t, ["root"])) return;
    // With our processes' numbers, so that we see its end.
    await withGuest({ namespaces: "mnt" }, async ({ pid, sharedRoot }) => {
      await using guest = await connect({ pid, backend });
      const late = "until [ -e /work/blocked ]; do sleep 0.01; done; echo late; exec sleep 1000";
      const script = `(${late}) & echo $$; echo $!; read line; exit 9`;
      const step = guest.run({ script, stdin: "pipe" });
      let output = "";
      step.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      await until("it runs", () => output.split("\n").length === 3);
      const shell = path.join("/proc", output.split("\n")[0] ?? "");
      assert.ok(existsSync(shell));
      step.stdin?.end("go on\n");
      while (existsSync(shell)) await nextTurn();
      // The helper tells us so at once. Were that later than this, the loop would be blocked too early to show anything.
      for (const from = performance.now(); performance.now() - from < HEARD_MS;) await nextTurn();
      // Between the step's end and the end of the silence; in a phase of the loop that timers follow.
      writeFileSync(path.join(sharedRoot, "blocked"), "");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      const { exitCode, stdout } = await step;
      assert.equal(exitCode, 9);
      assert.match(stdout ?? "", /^\d+\n\d+\nlate$/);
      await guest.run({ script: `kill ${stdout?.split("\n")[1]}`, reject: true });
    });
  });
}

test("a helper that ends before it serves leaves nothing of ours open, whoever still holds its descriptors", async () => {
  await withGuest({}, async ({ pid, sharedRoot }) => {
    const program = path.join(sharedRoot, "helper");
    const held = path.join(sharedRoot, "holder");
    writeFileSync(program, `#!/bin/sh\nsetsid sleep 1000 &\necho $! > ${held}\n`, { mode: 0o755 });
    const before = openDescriptors();
    const container = pinContainer(pid);
    const guest = new Guest(container, undefined, new HelperBackend(program, container, undefined, "for a test"), {});
    await assert.rejects(guest.run({ script: ":" }), { code: "HELPER_LOST", message: /before it served/ });
    const holder = Number(readFileSync(held, "utf8"));
    try {
      assert.ok(isAlive(holder));
      guest.close();
      await until("everything is closed", () => openDescriptors() <= before);
    } finally {
      killIfAlive(holder);
    }
  });
});

test("no backend runs a step in a container that has ended, though its mounts are still there", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  for (const backend of BACKENDS) {
    const target = await makeGuest({ namespaces: "mnt" });
    await using guest = await connect({ pid: target.pid, backend });
    await target.close();
    await assert.rejects(guest.exec(["true"]), { code: "CONTAINER_GONE" });
  }
});

test("native: a thousand steps leave no descriptor, no child and no file", async () => {
  await withGuest({}, async ({ pid, sharedRoot, containerRoot }) => {
    const guest = await connect({ pid, sharedRoot, containerRoot, backend: "native" });
    await guest.run({ script: ":" });
    const before = openDescriptors();
    for (let round = 0; round < 10; round++) {
      const results = await Promise.all(
        Array.from({ length: 100 }, (_, index) => guest.run({ script: `echo ${index}; exit ${index}` })),
      );
      results.forEach((result, index) => assert.deepEqual([result.exitCode, result.stdout], [index, String(index)]));
    }
    await until("the streams are closed", () => openDescriptors() <= before);
    await until("the helpers are reaped", () => childrenOf(process.pid).every(({ state }) => state !== "Z"));
    await until("the keepers have ended", () => keepersOf(process.pid).length === 0);
    assert.deepEqual(readdirSync(sharedRoot), []);
    guest.close();
  });
});

for (const backend of ["native", "helper", "nsenter"]) {
  test(`${backend}: with no descriptor left a step fails with its own error, leaks nothing, and the next one works`, async () => {
    await withGuest({}, (guest) => exhaustDescriptors(guest, backend));
  });
}

function runWithFewDescriptors(program: string): SpawnSyncReturns<string> {
  const script = 'ulimit -n 100; exec "$0" --input-type=module --eval "$1"';
  return spawnSync("sh", ["-c", script, process.execPath, program], { encoding: "utf8" });
}

async function exhaustDescriptors({ pid, sharedRoot }: ThrowAwayGuest, backend: string): Promise<void> {
  const program = `
    import { openSync, closeSync, readdirSync } from "node:fs";
    import { connect } from "${path.resolve("dist/index.js")}";
    const options = ${JSON.stringify({ pid, sharedRoot, containerRoot: "/work", backend })};
    const guest = await connect(options);
    const count = () => readdirSync("/proc/self/fd").length;
    // Streams close in later turns.
    const settle = async (enough) => {
      for (let turn = 0; turn < 5000 && !enough(); turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    const idle = count();
    await guest.run({ script: ":" });
    await settle(() => count() <= idle);
    const before = count();
    for (let left = 0; left < 24; left++) {
      const held = [];
      try { for (;;) held.push(openSync("/dev/null")); } catch {}
      for (let i = 0; i < left; i++) closeSync(held.pop());
      const outcome = await guest.run({ script: ":" }).then(({ exitCode }) => exitCode, ({ code }) => code);
      held.forEach((fd) => closeSync(fd));
      console.log(outcome);
    }
    // Where spawn runs out of descriptors at its last step, Node itself forgets the sockets that it made, so only the native
    // backend can promise to keep none.
    await settle(() => count() <= before);
    const { exitCode } = await guest.run({ script: ":" });
    await settle(() => count() <= before);
    console.log(exitCode, count() - before);`;
  const { stdout, stderr, status } = runWithFewDescriptors(program);
  assert.equal(status, 0, stderr);
  const outcomes = stdout.trim().split("\n");
  assert.match(outcomes.pop() ?? "", backend === "native" ? /^0 0$/ : /^0 \d{1,2}$/, stdout);
  assert.equal(outcomes[0], "RESOURCE_EXHAUSTED");
  assert.deepEqual([...new Set(outcomes)].toSorted(), ["0", "RESOURCE_EXHAUSTED"]);
  assert.deepEqual(readdirSync(sharedRoot), []);
}

test("a full, a read-only and a removed shared root are named, and nothing is left", async (t) => {
  if (!canRun(t, ["root", "mount"])) return;
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-shared-"));
  const mount = (...args: string[]): void => assert.equal(spawnSync("mount", args).status, 0);
  mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", directory);
  try {
    await withGuest({}, async ({ pid }) => {
      for (const backend of ["native", "helper", "nsenter"] as const) {
        const guest = await connect({ pid, sharedRoot: directory, containerRoot: "/work", backend });
        await assert.rejects(guest.run({ script: `# ${"x".repeat(100_000)}\n:` }), { code: "SHARED_ROOT" });
        assert.deepEqual(readdirSync(directory), []);
        mount("-o", "remount,ro", directory);
        await assert.rejects(guest.run({ script: ":" }), { code: "SHARED_ROOT" });
        mount("-o", "remount,rw", directory);
        const removed = path.join(directory, "removed");
        mkdirSync(removed);
        const other = await connect({ pid, sharedRoot: removed, backend });
        rmSync(removed, { recursive: true });
        await assert.rejects(other.run({ script: ":" }), { code: "SHARED_ROOT" });
        other.close();
        guest.close();
      }
    });
  } finally {
    spawnSync("umount", [directory]);
    rmSync(directory, { recursive: true });
  }
});

test("a program that embeds the module can end while a step runs", async () => {
  await withGuest({}, async ({ pid }) => {
    const program = `
      import { connect } from "${path.resolve("dist/index.js")}";
      const guest = await connect({ pid: ${pid} });
      const step = guest.run({ script: "echo ready; exec sleep 1000" });
      step.catch(() => undefined);
      step.stdout.once("data", () => process.exit(0));`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
    const [status] = (await once(child, "exit")) as [number];
    assert.equal(status, 0);
  });
});

test("native: it does not matter which low descriptors the agent has free", async () => {
  await withGuest({}, async ({ pid }) => {
    // Node's own descriptors come above these, so closing some of them leaves exactly the gaps that we want.
    const devNull = openSync("/dev/null", "r");
    for (const free of [[3], [6, 7], [7, 8], [9], [14, 15], [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]]) {
      const program = `
        import { closeSync } from "node:fs";
        import { connect } from "${path.resolve("dist/index.js")}";
        await import("koffi");
        for (const fd of ${JSON.stringify(free)}) closeSync(fd);
        const guest = await connect({ pid: ${pid}, backend: "native" });
        console.log((await guest.run({ script: "echo fine" })).stdout);`;
      const taken = Array.from({ length: 14 }, () => devNull);
      const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe", ...taken],
      });
      assert.equal(stdout, "fine\n", `${free.join(" ")} free: ${stderr}`);
    }
    closeSync(devNull);
  });
});

test("ending a step does not wait for zombies that the container's init never reaps", async () => {
  await withGuest({}, async ({ pid }) => {
    for (const backend of SUPERVISED) {
      const guest = await connect({ pid, backend });
      const step = await guest.run({ script: "sleep 1000; :", timeout: 100, forceKillAfterDelay: 30_000 });
      // Had it been waited for, it would have been killed after the delay: the signal tells.
      assert.deepEqual([step.timedOut, step.signal], [true, "SIGTERM"]);
      assert.ok(step.durationMs < 30_000);
      guest.close();
    }
  });
});

test("closing the guest while a step is under way leaves nothing of it", async () => {
  await withGuest({}, async ({ pid, sharedRoot, containerRoot }) => {
    for (const backend of ["native", "helper", "nsenter"] as const) {
      const guest = await connect({ pid, sharedRoot, containerRoot, backend });
      const step = guest.run({ script: "read line; echo $line", stdin: "pipe" });
      guest.close();
      step.stdin?.end("still\n");
      assert.equal((await step).stdout, "still");
      assert.deepEqual(readdirSync(sharedRoot), []);
    }
  });
});

test("an agent without CAP_KILL is told so before it starts what it could not end", async (t) => {
  if (!canRun(t, ["root", "setpriv"])) return;
  await withGuest({ namespaces: "mnt", uid: 1000 }, async ({ pid }) => {
    const program = `import { connect } from "${path.resolve("dist/index.js")}";
      await connect({ pid: ${pid} }).catch(({ code, message }) => console.log(code, message));`;
    const { stdout } = spawnSync(
      "setpriv",
      ["--bounding-set=-kill", "--inh-caps=-kill", process.execPath, "--input-type=module", "--eval", program],
      { encoding: "utf8" },
    );
    assert.match(stdout, /^PERMISSION_DENIED not permitted to end steps of .* lacks CAP_KILL; add KILL/);
  });
});

test("a root target that can never have a capability gives the step none", async (t) => {
  if (!canRun(t, ["root", "setpriv"])) return;
  await withGuest({ namespaces: "mnt", powerless: true }, async ({ pid }) => {
    assert.match(readFileSync(`/proc/${pid}/status`, "utf8"), /^CapPrm:\t0{16}$[^]*^CapBnd:\t0*[1-9a-f]/m);
    for (const backend of SUPERVISED) {
      const guest = await connect({ pid, backend });
      const { stdout } = await guest.exec(["cat", "/proc/self/status"]);
      for (const name of ["CapPrm", "CapEff"]) assert.match(stdout ?? "", new RegExp(`^${name}:\\t0{16}$`, "m"));
      assert.match(stdout ?? "", /^NoNewPrivs:\t1$/m);
      guest.close();
    }
  });
});

test("the agent's keys are not the step's", async (t) => {
  if (!canRun(t, ["root", "keyctl"])) return;
  await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
    const program = `import { connect } from "${path.resolve("dist/index.js")}";
      import { execFileSync } from "node:child_process";
      const search = ["keyctl", "search", "@s", "user", "secret"];
      console.log(execFileSync(search[0], search.slice(1)).length > 0);
      for (const backend of ["native", "helper"]) {
        const guest = await connect({ pid: ${pid}, backend });
        const { exitCode, stderr } = await guest.exec(search);
        console.log(exitCode, stderr);
      }`;
    const script = 'keyctl add user secret hunter2 @s > /dev/null && exec "$0" --input-type=module --eval "$1"';
    const { stdout, stderr } = spawnSync("keyctl", ["session", "-", "sh", "-c", script, process.execPath, program], {
      encoding: "utf8",
    });
    const [agent, ...steps] = stdout.trim().split("\n");
    assert.equal(agent, "true", stderr);
    for (const step of steps) assert.match(step, /^1 keyctl_search: Required key not available/);
    assert.equal(steps.length, 2);
  });
});

test("a step that nobody awaits and that fails is an unhandled rejection, as any promise", async () => {
  await withGuest({}, async ({ pid }) => {
    const program = `import { connect } from "${path.resolve("dist/index.js")}";
      const guest = await connect({ pid: ${pid} });
      process.once("unhandledRejection", ({ code }) => { console.log(code); process.exit(0); });
      guest.run({ script: "exit 3", reject: true });
      setInterval(() => undefined, 1000);`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      encoding: "utf8",
      timeout: 20_000,
    });
    assert.equal(stdout, "STEP_FAILED\n");
  });
});

for (const backend of SUPERVISED) {
  test(`${backend}: output that was let go keeps neither a descriptor nor the process`, async () => {
    await withGuest({}, async ({ pid }) => {
      const guest = await connect({ pid, backend });
      await guest.exec(["true"]);
      const before = openDescriptors();
      const { stdout } = await guest.run({ script: "setsid sleep 1000 & echo $!" });
      await until("the pipes are closed", () => openDescriptors() <= before);
      await guest.run({ script: `kill ${stdout}`, reject: true });
      guest.close();
    });
  });
}

test("a failed connect for want of descriptors says so, and keeps none", async () => {
  await withGuest({}, async ({ pid }) => {
    const program = `
      import { openSync, closeSync, readdirSync, readFileSync } from "node:fs";
      import { setTimeout as delay } from "node:timers/promises";
      import { connect } from "${path.resolve("dist/index.js")}";
      const count = () => readdirSync("/proc/self/fd").length;
      // A resident ends a moment after its connection, and is reaped then.
      const settle = async () => {
        while (readFileSync("/proc/self/task/" + process.pid + "/children", "latin1") !== "") await delay(1);
        return count();
      };
      (await connect({ pid: ${pid} })).close();
      const before = await settle();
      for (let left = 0; left < 24; left++) {
        const held = [];
        try { for (;;) held.push(openSync("/dev/null")); } catch {}
        for (let i = 0; i < left; i++) closeSync(held.pop());
        const outcome = await connect({ pid: ${pid} }).then((guest) => (guest.close(), guest.backend), ({ code }) => code);
        held.forEach((fd) => closeSync(fd));
        console.log(outcome, (await settle()) - before);
      }`;
    const { stdout, stderr } = runWithFewDescriptors(program);
    const outcomes = stdout.trim().split("\n");
    assert.deepEqual(
      [...new Set(outcomes.map((line) => line.split(" ")[0]))],
      ["RESOURCE_EXHAUSTED", "native"],
      stdout + stderr,
    );
    // Not one more for each attempt: of the 24, the first two settle what this program itself keeps.
    assert.equal(new Set(outcomes.slice(2).map((line) => line.split(" ")[1])).size, 1, stdout);
  });
});

/** How long a helper is watched. */
const WATCHED_MS = 300;

/** Processor time of a process so far, in milliseconds. */
function processorTimeOf(pid: number): number {
  const [nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ");
  return Number(nanoseconds) / 1e6;
}

for (const backend of SUPERVISED) {
  test(`${backend}: a helper waits without using the processor, also for an agent whose stdin is closed`, async () => {
    await withGuest({}, async ({ pid }) => {
      const program = `
        import { connect } from "${path.resolve("dist/index.js")}";
        const guest = await connect({ pid: ${pid}, backend: "${backend}" });
        const step = guest.run({ script: "echo ready; exec sleep 1000", timeout: 60_000 });
        for await (const line of step) console.log(line);`;
      const child = spawn("sh", ["-c", 'exec "$0" --input-type=module --eval "$1" <&-', process.execPath, program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const output = child.stdout;
      await once(output, "data");
      const helper = keeperOf(child.pid ?? 0);
      await using other = await connect({ pid, backend });
      const before = processorTimeOf(helper);
      for (const from = performance.now(); performance.now() - from < WATCHED_MS;) await other.exec(["true"]);
      // One that does not wait takes as much as the scheduler gives it, on a loaded machine at least a tenth.
      const used = processorTimeOf(helper) - before;
      assert.ok(used < WATCHED_MS / 50, `${used} ms`);
      child.kill("SIGKILL");
      await once(child, "close");
    });
  });
}
