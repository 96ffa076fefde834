import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "../../src/index.ts";
import { isAlive } from "../support/children.ts";
import { withGuest } from "../support/contract.ts";
import { LOOP_DEVICE_NEEDS, withLoopDevice } from "../support/loop-device.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

/** A file system in a guest that can be frozen: whoever writes to it then sleeps uninterruptibly. */
async function withFreezer(
  guest: number,
  body: (freezer: { directory: string; freeze: () => void; thaw: () => void }) => Promise<void>,
): Promise<void> {
  await withLoopDevice(guest, async ({ directory, inside }) => {
    let isFrozen = false;
    const toggle = (option: string, to: boolean): void => {
      if (isFrozen !== to) inside("fsfreeze", option, directory);
      isFrozen = to;
    };
    const freezer = { directory, freeze: () => toggle("--freeze", true), thaw: () => toggle("--unfreeze", false) };
    try {
      await body(freezer);
    } finally {
      freezer.thaw();
      inside("umount", "--lazy", directory);
    }
  });
}

for (const namespaces of ["all", "mnt"] as const) {
  test(`a process that cannot be killed is named, and nobody waits for it; ${namespaces} apart`, async (t) => {
    if (!canRun(t, [...LOOP_DEVICE_NEEDS, "unshare", "fsfreeze"])) return;
    await withGuest({ namespaces }, async ({ pid }) => {
      await withFreezer(pid, async ({ directory, freeze, thaw }) => {
        for (const backend of ["native", "helper"] as const) {
          await using guest = await connect({ pid, backend });
          const options = { timeout: 500, forceKillAfterDelay: 50, cwd: directory };
          freeze();
          const error = await guest.exec(["touch", "file"], options).catch((thrown: unknown) => thrown);
          assert.ok(error instanceof Error);
          assert.match(error.message, /could not kill touch \(process \d+, state D\): how the step ended is unknown/);
          const left = Number(/process (\d+)/.exec(error.message)?.[1]);
          assert.ok(isAlive(left));
          // A shell can be killed; what it started and waited for is counted.
          const behind = await guest.run({ script: "touch other; :", ...options });
          assert.deepEqual([behind.outcome, behind.leftoverProcesses], ["timed-out", 1]);
          thaw();
          await until("it has ended", () => !isAlive(left));
        }
      });
    });
  });
}
