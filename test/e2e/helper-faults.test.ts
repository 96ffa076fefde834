/** What becomes of steps of the helper backend whose resident ends, or whose connections fail. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { HelperStep } from "../../src/backend/helper/helper-step.ts";
import type { HelperResident } from "../../src/backend/helper/resident.ts";
import { pinContainer } from "../../src/container/index.ts";
import { connect, type ExecutorError } from "../../src/index.ts";
import { helpersOf, isAlive } from "../support/children.ts";
import { withGuest } from "../support/contract.ts";
import { programStep } from "../support/program-step.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

const NAMESPACES = process.getuid?.() === 0 ? "mnt" : "all";

/** Puts a socket of its own in the place of each that appears in a directory, and prints what it is sent. */
const REPLACE_SOCKET = `
  const [fs, net] = [require("node:fs"), require("node:net")];
  const directory = process.argv[1];
  const own = directory + "/own";
  const arm = () => {
    net.createServer((socket) => socket.on("data", (chunk) => process.stdout.write(chunk))).listen(own, look);
  };
  const look = () => {
    for (let until = Date.now() + 50; Date.now() < until;) {
      for (const name of fs.readdirSync(directory)) {
        const place = directory + "/" + name + "/socket";
        if (name === "own" || !fs.existsSync(place)) continue;
        fs.renameSync(own, place);
        return setTimeout(arm, 20);
      }
    }
    setTimeout(look, 0);
  };
  process.on("uncaughtException", () => setTimeout(arm, 20)); // it came too late, and the directory is gone
  arm();
  console.log("ready");`;

test("helper: a step that is given up before it has a resident does not begin", async () => {
  await withGuest({ namespaces: NAMESPACES }, async ({ pid }) => {
    const container = pinContainer(pid);
    let began = false;
    let released = 0;
    const streams: PassThrough[] = [];
    const resident = {
      isAlive: true,
      connect(_: unknown, count: number) {
        streams.push(...Array.from({ length: count }, () => new PassThrough()));
        return Promise.resolve({ number: 7, connections: streams });
      },
      begin: () => void (began = true),
      release: (number: number) => void (released = number),
    };
    let serve: (resident: HelperResident) => void = () => undefined;
    const found = new Promise<HelperResident>((resolve) => (serve = resolve));
    const of = { step: programStep(container, "true"), container, sharedRoot: undefined };
    const step = new HelperStep(() => found, of, Buffer.alloc(8), false);
    step.signal(9, true);
    step.release();
    serve(resident as unknown as HelperResident);
    const outcome = step.ended.catch((error: unknown) => (error as { code?: string }).code);
    assert.equal(await Promise.race([outcome, delay(2000, "never", { ref: false })]), "HELPER_LOST");
    assert.deepEqual([began, released, streams.every((stream) => stream.destroyed)], [false, 7, true]);
    container.close();
  });
});

test("helper: nothing is sent to a socket that was put in the place of the resident's", async () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-shared-"));
  const before = process.env["TMPDIR"];
  const attacker = spawn(process.execPath, ["-e", REPLACE_SOCKET, directory], { stdio: ["ignore", "pipe", "inherit"] });
  let heard = "";
  attacker.stdout.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
  try {
    await until("it lies in wait", () => heard.includes("ready"));
    process.env["TMPDIR"] = directory;
    await withGuest({ namespaces: NAMESPACES }, async ({ pid }) => {
      const outcomes = new Set<string>();
      // It needs luck: the socket has its name only for a moment.
      for (let attempt = 0; attempt < 40 && !outcomes.has("HELPER_LOST"); attempt++) {
        const guest = await connect({ pid, backend: "helper" }).catch((error: unknown) => error as ExecutorError);
        if (guest instanceof Error) outcomes.add(guest.code);
        else {
          await guest
            .exec(["true"], { env: { TOKEN: "a secret" }, timeout: 2000, reject: true })
            .finally(() => guest.close());
        }
        await delay(50);
      }
      assert.deepEqual([...outcomes], ["HELPER_LOST"]);
    });
    assert.doesNotMatch(heard, /a secret/);
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    attacker.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  }
});

test("helper: a resident whose end has not been noticed yet is replaced", async () => {
  await withGuest({ namespaces: NAMESPACES }, async ({ pid }) => {
    const guest = await connect({ pid, backend: "helper" });
    for (let round = 0; round < 20; round++) {
      const [resident = 0] = [helpersOf(process.pid).find(isAlive)];
      process.kill(resident, "SIGKILL");
      while (isAlive(resident)) continue; // in this turn of the event loop
      assert.equal((await guest.run({ script: "exit 3" })).exitCode, 3);
    }
    guest.close();
  });
});

test("helper: steps that fail for want of descriptors do not keep later ones from starting", async (t) => {
  if (!canRun(t, ["prlimit"])) return;
  await withGuest({ namespaces: NAMESPACES }, async ({ pid }) => {
    const guest = await connect({ pid, backend: "helper" });
    const [resident = 0] = helpersOf(process.pid);
    const limit = (files: number): void =>
      void execFileSync("prlimit", ["--pid", `${resident}`, `--nofile=${files}:4096`]);
    limit(39);
    for (let step = 0; step < 300; step++) await assert.rejects(guest.exec(["true"]), { code: "RESOURCE_EXHAUSTED" });
    limit(4096);
    await guest.exec(["true"], { reject: true });
    guest.close();
  });
});
