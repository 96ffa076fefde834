/** What becomes of steps of the helper backend whose resident ends, or whose connections fail. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { HelperStep } from "../../src/backend/helper/helper-step.ts";
import type { HelperResident } from "../../src/backend/helper/resident.ts";
import { pinContainer } from "../../src/container/index.ts";
import { connect } from "../../src/index.ts";
import { helpersOf, isAlive } from "../support/children.ts";
import { withGuest } from "../support/contract.ts";
import { programStep } from "../support/program-step.ts";
import { canRun } from "../support/require.ts";

const NAMESPACES = process.getuid?.() === 0 ? "mnt" : "all";

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
