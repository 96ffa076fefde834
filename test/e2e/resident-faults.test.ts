/** What becomes of native steps when sending them fails, when a resident ends at a bad moment, and when they are given up. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";
import os from "node:os";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { helperPath } from "../../src/backend/helper-file.ts";
import { loadLibc, type Libc } from "../../src/backend/native/libc.ts";
import { NativeBackend } from "../../src/backend/native/native.ts";
import type { Running } from "../../src/backend/types.ts";
import { pinContainer, type Container } from "../../src/container/index.ts";
import { SystemError } from "../../src/errors/index.ts";
import { childrenOf, helpersOf, isAlive, keepersOf, openDescriptors } from "../support/children.ts";
import { withGuest } from "../support/contract.ts";
import { programStep } from "../support/program-step.ts";
import { until } from "../support/until.ts";

const { EAGAIN, ENOMEM, EPIPE } = os.constants.errno;
const NAMESPACES = process.getuid?.() === 0 ? "mnt" : "all";

/** A native backend whose system calls a test replaces. */
async function withBackend(
  replace: (libc: Libc) => Partial<Libc>,
  use: (backend: NativeBackend, container: Container) => Promise<void>,
): Promise<void> {
  await withGuest({ namespaces: NAMESPACES }, async ({ pid }) => {
    const libc = await loadLibc();
    const container = pinContainer(pid);
    const program = readFileSync(helperPath());
    const backend = new NativeBackend({ ...libc, ...replace(libc) }, program, container, undefined, "");
    try {
      await use(backend, container);
    } finally {
      backend.close();
      await until("no resident is left", () => helpersOf(process.pid).length === 0);
      container.close();
    }
  });
}

async function end(running: Running): Promise<number | undefined> {
  try {
    return (await running.ended).exitCode;
  } finally {
    running.stdout.resume();
    running.stderr.resume();
    running.release();
  }
}

const isStart = (message: Uint8Array): boolean => message[0] === 1;

test("native: a step that no resident could be started for leaves no descriptor open", async () => {
  const spawnFails = (): never => {
    throw new SystemError("posix_spawn", EAGAIN);
  };
  await withBackend(
    () => ({ spawn: spawnFails }),
    async (backend, container) => {
      const before = openDescriptors();
      for (let step = 0; step < 5; step++) {
        assert.throws(() => backend.start(programStep(container, "true"), true), { code: "RESOURCE_EXHAUSTED" });
      }
      await until("stdin is closed", () => openDescriptors() <= before);
    },
  );
});

test("native: residents that each end at once do not hold the event loop", async () => {
  let sent = 0;
  const send = (): never => {
    if (++sent > 20) throw new SystemError("sendmsg", ENOMEM); // it would go on for ever
    throw new SystemError("sendmsg", EPIPE);
  };
  await withBackend(
    () => ({ send }),
    async (backend, container) => {
      assert.throws(() => backend.start(programStep(container, "true"), false), { code: "HELPER_LOST" });
      await Promise.resolve();
    },
  );
});

test("native: what the socket had no room for is sent, although the steps before it say nothing", async () => {
  let refusals = 2;
  await withBackend(
    (libc) => ({
      send: (socket, message, descriptors) =>
        descriptors.length === 5 && refusals-- > 0 ? false : libc.send(socket, message, descriptors),
    }),
    async (backend, container) => {
      const silent = backend.start(programStep(container, "sleep", "3"), false);
      const refused = backend.start(programStep(container, "true"), true);
      refused.stdin?.end();
      const first = await Promise.race([end(refused).then(() => "refused"), silent.ended.then(() => "silent")]);
      assert.equal(first, "refused");
      silent.signal(9, true);
      await end(silent);
    },
  );
});

test("native: a step that cannot be sent later fails, and only that step", async () => {
  let calls = 0;
  await withBackend(
    (libc) => ({
      send(socket, message, descriptors) {
        if (descriptors.length !== 5) return libc.send(socket, message, descriptors);
        if (++calls === 1) return false;
        throw new SystemError("sendmsg", ENOMEM);
      },
    }),
    async (backend, container) => {
      const failing = backend.start(programStep(container, "true"), true);
      const working = backend.start(programStep(container, "true"), false);
      await assert.rejects(end(failing), { code: "RESOURCE_EXHAUSTED" });
      assert.equal(await end(working), 0);
    },
  );
});

test("native: a resident that has ended is replaced although something still holds its socket and its records", async () => {
  const held: number[] = [];
  const residents: number[] = [];
  let isRecords = false;
  let libc: Libc | undefined;
  await withBackend(
    (its) => {
      libc = its;
      return {
        // As a keeper does that a container stops before it has closed what it inherits.
        socketPair() {
          const [ours, theirs] = its.socketPair();
          held.push(its.copyAbove(theirs, 100));
          isRecords = true;
          return [ours, theirs];
        },
        pipe(nonblocking) {
          const [read, write] = its.pipe(nonblocking);
          if (isRecords) held.push(its.copyAbove(write, 100));
          isRecords = false;
          return [read, write];
        },
        spawn(program, argv, descriptors) {
          const pid = its.spawn(program, argv, descriptors);
          residents.push(pid);
          return pid;
        },
      };
    },
    async (backend, container) => {
      assert.equal(await end(backend.start(programStep(container, "true"), false)), 0);
      const [first = 0] = residents;
      process.kill(first, "SIGKILL");
      await until("it has ended", () => !isAlive(first));
      const next = backend.start(programStep(container, "true"), false);
      assert.equal(await Promise.race([end(next), delay(3000, "hangs", { ref: false })]), 0);
      for (const fd of held) libc?.close(fd);
    },
  );
});

test("native: a step that waits to be sent does not get a resident after the connection was closed", async () => {
  let spawned = 0;
  await withBackend(
    (libc) => ({
      send: (socket, message, descriptors) => (isStart(message) ? false : libc.send(socket, message, descriptors)),
      spawn(program, argv, descriptors) {
        spawned++;
        return libc.spawn(program, argv, descriptors);
      },
    }),
    async (backend, container) => {
      const waiting = backend.start(programStep(container, "true"), false);
      const lost = assert.rejects(end(waiting), { code: "HELPER_LOST" });
      backend.close();
      await lost;
      assert.equal(spawned, 1);
    },
  );
});

test("native: a step that is released before its end counts as lost, so that its turn is over", async () => {
  await withBackend(
    () => ({}),
    async (backend, container) => {
      const step = backend.start(programStep(container, "sleep", "1000"), false);
      await until("it runs", () => keepersOf(process.pid).some((keeper) => childrenOf(keeper).length > 0));
      step.release();
      const outcome = step.ended.catch((error: unknown) => (error as { code?: string }).code);
      assert.equal(await Promise.race([outcome, delay(3000, "never", { ref: false })]), "HELPER_LOST");
    },
  );
});

test("native: a keeper's number that another process has got by now is not killed", async () => {
  const requests: number[] = [];
  const decoy = spawn("sleep", ["1000"]);
  await withBackend(
    (libc) => ({
      memfd(name, bytes, kind) {
        const fd = libc.memfd(name, bytes, kind);
        if (kind === "data") requests.push(fd);
        return fd;
      },
    }),
    async (backend, container) => {
      const step = backend.start(programStep(container, "sleep", "1000"), false);
      await until("it runs", () => keepersOf(process.pid).some((keeper) => childrenOf(keeper).length > 0));
      await delay(20); // until the keeper has told its number
      const pids = Buffer.alloc(8);
      pids.writeInt32LE(decoy.pid ?? 0, 0);
      writeSync(requests[0] ?? -1, pids, 0, 8, 0);
      step.abandon();
      await assert.rejects(end(step), { code: "HELPER_LOST" });
      assert.equal(isAlive(decoy.pid ?? 0), true);
    },
  ).finally(() => decoy.kill("SIGKILL"));
});
