import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { connect } from "../../src/index.ts";
import { isAlive } from "../support/children.ts";
import { withGuest } from "../support/contract.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

/** A file system in a guest that can be frozen: whoever writes to it then sleeps uninterruptibly. */
async function withFreezer(
  guest: number,
  body: (freezer: { freeze: () => void; thaw: () => void }) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-freezer-"));
  const image = path.join(directory, "image");
  const inside = (...command: string[]): string =>
    execFileSync("nsenter", ["--target", String(guest), "--mount", "--pid", "--", ...command], { encoding: "utf8" });
  writeFileSync(image, Buffer.alloc(8 * 1024 * 1024));
  execFileSync("mkfs.ext4", ["-q", image]);
  const device = execFileSync("losetup", ["--find", "--show", image], { encoding: "utf8" }).trim();
  try {
    mkdirSync(`/proc/${guest}/root/tmp/frozen`);
    execFileSync("cp", ["-a", device, `/proc/${guest}/root/tmp/device`]);
    inside("mount", "-t", "ext4", "/tmp/device", "/tmp/frozen");
    let isFrozen = false;
    const toggle = (option: string, to: boolean): void => {
      if (isFrozen !== to) inside("fsfreeze", option, "/tmp/frozen");
      isFrozen = to;
    };
    const freezer = { freeze: () => toggle("--freeze", true), thaw: () => toggle("--unfreeze", false) };
    try {
      await body(freezer);
    } finally {
      freezer.thaw();
      inside("umount", "--lazy", "/tmp/frozen");
    }
  } finally {
    execFileSync("losetup", ["--detach", device]);
    rmSync(directory, { recursive: true });
  }
}

for (const namespaces of ["all", "mnt"] as const) {
  test(`a process that cannot be killed is named, and nobody waits for it; ${namespaces} apart`, async (t) => {
    if (!canRun(t, ["root", "unshare", "nsenter", "mkfs.ext4", "losetup", "fsfreeze"])) return;
    await withGuest({ namespaces }, async ({ pid }) => {
      await withFreezer(pid, async ({ freeze, thaw }) => {
        for (const backend of ["native", "helper"] as const) {
          await using guest = await connect({ pid, backend });
          const options = { timeout: 500, forceKillAfterDelay: 50, cwd: "/tmp/frozen" };
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
