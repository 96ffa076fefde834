import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { test } from "node:test";

import { connect, ExecutorError, type BackendName, type Guest } from "../../src/index.ts";
import { makeGuest } from "../guests/guest.ts";
import {
  childrenOf,
  descendantsOf,
  helpersOf,
  isAlive,
  keepersOf,
  killIfAlive,
  openDescriptors,
} from "../support/children.ts";
import { withGuest } from "../support/contract.ts";
import { isUnused, LOOP_DEVICE_NEEDS, withLoopDevice } from "../support/loop-device.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

const SUPERVISED = ["native", "helper"] as const;
const isRoot = process.getuid?.() === 0;
const NAMESPACES = isRoot ? "mnt" : "all";

/** The one resident of this process. */
function residentOf(): number {
  const [resident, ...more] = helpersOf(process.pid);
  assert.ok(resident !== undefined && more.length === 0, "one connection has one resident");
  return resident;
}

/** Everything that this process and its residents have open, as links. */
function openLinks(): string[] {
  return [process.pid, ...descendantsOf(process.pid)].flatMap((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      return []; // it has ended, or closed it
    }
  });
}

for (const backend of SUPERVISED) {
  test(`${backend}: a connection has one resident, which goes with it`, async () => {
    await withGuest({ namespaces: NAMESPACES }, async ({ pid }) => {
      const before = openDescriptors();
      const guest = await connect({ pid, backend });
      const resident = residentOf();
      for (let step = 0; step < 5; step++) await guest.exec(["true"], { reject: true });
      assert.equal(residentOf(), resident);
      guest.close();
      await until(
        "it has ended and was reaped",
        () => !childrenOf(process.pid).some((child) => child.pid === resident),
      );
      await until("its descriptors are closed", () => openDescriptors() <= before);
    });
  });

  test(`${backend}: a resident that is killed takes its steps along, and the next step gets another`, async () => {
    await withGuest({ namespaces: NAMESPACES }, async ({ pid, sharedRoot, containerRoot }) => {
      const guest = await connect({ pid, backend, sharedRoot, containerRoot });
      const script = "trap '' TERM HUP; setsid sleep 1000 & echo ready; exec sleep 1000";
      const steps = Array.from({ length: 3 }, () => guest.run({ script }));
      await Promise.all(steps.map((step) => once(step.stdout, "data")));
      const resident = residentOf();
      const tree = descendantsOf(resident);
      process.kill(resident, "SIGKILL");
      const lost = { code: "HELPER_LOST", message: /how the step ended is unknown/ };
      await Promise.all(steps.map((step) => assert.rejects(step, lost)));
      await until("all of their processes are gone", () => !tree.some(isAlive));
      assert.deepEqual(readdirSync(sharedRoot), []);
      assert.equal((await guest.run({ script: "exit 7" })).exitCode, 7);
      assert.notEqual(residentOf(), resident);
      guest.close();
    });
  });

  test(`${backend}: a resident that is stopped goes on with the next step`, async () => {
    await withGuest({ namespaces: NAMESPACES }, async ({ pid }) => {
      const guest = await connect({ pid, backend });
      process.kill(residentOf(), "SIGSTOP");
      assert.equal((await guest.run({ script: "exit 3" })).exitCode, 3);
      process.kill(residentOf(), "SIGSTOP");
      guest.close();
      await until("it has ended all the same", () => helpersOf(process.pid).length === 0);
    });
  });

  test(`${backend}: keepers that are stopped hold up no other step, and are ended with the connection`, async () => {
    await withGuest({ namespaces: NAMESPACES }, async ({ pid }) => {
      const guest = await connect({ pid, backend });
      const stuck = Array.from({ length: 20 }, () => guest.exec(["sleep", "1000"]));
      const outcomes = stuck.map((step) => step.catch((error: unknown) => error));
      await until("they run", () => keepersOf(process.pid).every((keeper) => childrenOf(keeper).length > 0));
      await until("all of them", () => keepersOf(process.pid).length === stuck.length);
      for (const keeper of keepersOf(process.pid)) process.kill(keeper, "SIGSTOP");
      for (let step = 0; step < 5; step++) await guest.exec(["true"], { reject: true });
      for (const step of stuck) step.kill("SIGKILL");
      for (const outcome of await Promise.all(outcomes)) {
        assert.ok(outcome instanceof ExecutorError && outcome.code === "HELPER_LOST", String(outcome));
      }
      await until("nothing is left of them", () => keepersOf(process.pid).length === 0);
      guest.close();
    });
  });

  test(`${backend}: where the resident may open no more files, a step fails by that, and the next one works`, async (t) => {
    if (!canRun(t, ["prlimit"])) return;
    await withGuest({ namespaces: NAMESPACES }, async ({ pid }) => {
      const guest = await connect({ pid, backend });
      const limit = (files: number): void =>
        void execFileSync("prlimit", ["--pid", String(residentOf()), `--nofile=${files}:1024`]);
      limit(38);
      await assert.rejects(guest.exec(["true"]), { code: "RESOURCE_EXHAUSTED" });
      limit(1024);
      await guest.exec(["true"], { reject: true });
      guest.close();
    });
  });

  test(`${backend}: an idle connection keeps nothing of a container that has ended`, async (t) => {
    if (!canRun(t, [...LOOP_DEVICE_NEEDS, "unshare"])) return;
    for (const isStopped of [false, true]) {
      const target = await makeGuest();
      try {
        await withLoopDevice(target.pid, async ({ device, directory }) => {
          const guest = await connect({ pid: target.pid, backend });
          await guest.run({ script: "touch file", cwd: directory, reject: true, user: 0 });
          const [namespaces, root] = ["ns:", "/tmp/volume"].map((part) => openLinks().filter((l) => l.includes(part)));
          assert.deepEqual([namespaces, root], [[], []]);
          assert.equal(isUnused(device), false);
          if (isStopped) process.kill(residentOf(), "SIGSTOP");
          await target.close();
          await until("the device can be mounted elsewhere", () => isUnused(device));
          await assert.rejects(guest.exec(["true"]), { code: "CONTAINER_GONE" });
          guest.close();
        });
      } finally {
        await target.close();
      }
    }
  });

  test(`${backend}: a main process that has joined another namespace is not followed there`, async (t) => {
    if (!canRun(t, ["root", "unshare"])) return;
    const child = spawn(
      "unshare",
      ["-m", "sh", "-c", "echo ready; read line; exec unshare -m sh -c 'echo moved; read l'"],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    try {
      await once(child.stdout, "data");
      const guest = await connect({ pid: child.pid as number, backend });
      await guest.exec(["true"], { reject: true });
      child.stdin.write("go\n");
      await once(child.stdout, "data");
      await assert.rejects(guest.exec(["true"]), { code: "CONTAINER_GONE", message: /another mnt namespace/ });
      guest.close();
    } finally {
      child.stdin.end();
      await once(child, "exit");
    }
  });
}

/** Starts steps from another process, which says when all of them run. */
async function callerOf(steps: number, backend: BackendName, target: object): Promise<ReturnType<typeof spawn>> {
  const program = `import { connect } from "${REPOSITORY}/src/index.ts";
    const guest = await connect(${JSON.stringify({ ...target, backend })});
    const script = "trap '' TERM HUP; setsid sleep 1000 & echo ready; exec sleep 1000";
    const steps = Array.from({ length: ${steps} }, () => guest.run({ script }));
    await Promise.all(steps.map((step) => new Promise((resolve) => step.stdout.once("data", resolve))));
    console.log("all run");
    await Promise.all(steps);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", program], {
    cwd: REPOSITORY,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const running = once(child.stdout, "data").then(() => undefined);
  await Promise.race([running, once(child, "exit").then(() => assert.fail("the caller ended"))]);
  return child;
}

for (const backend of SUPERVISED) {
  test(`${backend}: a caller killed with 100 steps running leaves no process and no script`, async () => {
    await withGuest({ namespaces: NAMESPACES }, async ({ pid, sharedRoot, containerRoot }) => {
      const caller = await callerOf(100, backend, { pid, sharedRoot, containerRoot });
      const tree = descendantsOf(caller.pid as number);
      assert.ok(tree.length >= 300, `${tree.length} processes`);
      assert.equal(readdirSync(sharedRoot).length, 100);
      killIfAlive(caller.pid as number);
      await until("every tree is gone", () => !tree.some(isAlive));
      assert.deepEqual(readdirSync(sharedRoot), []);
    });
  });
}

test("native: more steps at once than the socket takes are all started, in their order", async () => {
  await withGuest({ namespaces: NAMESPACES }, async ({ pid, sharedRoot, containerRoot }) => {
    const guest: Guest = await connect({ pid, sharedRoot, containerRoot, backend: "native" });
    // Less than the messages of the steps need, so that they wait for each other's records.
    const results = await Promise.all(
      Array.from({ length: 1200 }, (_, index) => guest.exec(["sh", "-c", `echo ${index}; exit ${index % 100}`])),
    );
    results.forEach(({ stdout, exitCode }, index) =>
      assert.deepEqual([stdout, exitCode], [String(index), index % 100]),
    );
    guest.close();
  });
});

test("native: a resident starts without a caller's stdin, stdout and stderr", async () => {
  await withGuest({ namespaces: NAMESPACES }, async ({ pid }) => {
    const program = `import { connect } from "${REPOSITORY}/src/index.ts";
      const guest = await connect({ pid: ${pid}, backend: "native" });
      await guest.exec(["true"], { reject: true });
      process.stdout.write("done\\n");
      setTimeout(() => undefined, 100_000);`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", program], {
      cwd: REPOSITORY,
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const [resident = -1] = helpersOf(child.pid as number);
    const links = readdirSync(`/proc/${resident}/fd`).map((fd) => readlinkSync(`/proc/${resident}/fd/${fd}`));
    const callers = new Set([0, 1, 2].map((fd) => readlinkSync(`/proc/${child.pid}/fd/${fd}`)));
    assert.deepEqual(
      links.filter((link) => callers.has(link)),
      [],
    );
    child.kill("SIGKILL");
    await until("the resident has ended", () => !isAlive(resident));
  });
});
