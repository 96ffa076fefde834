import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { cli } from "../../support/cli.ts";
import { checkContractIn, targetOf, withGuest } from "../../support/contract.ts";
import { REPOSITORY } from "../../support/programs.ts";
import { canRun } from "../../support/require.ts";

const MAIN = path.join(REPOSITORY, "test/contract/main.ts");

test("contract: BusyBox's nsenter, which knows fewer namespaces", async (t) => {
  if (!canRun(t, ["unshare", "busybox", "root"])) return;
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-busybox-"));
  try {
    const busybox = execFileSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).trim();
    symlinkSync(busybox, path.join(directory, "nsenter"));
    const env = { ...process.env, PATH: `${directory}:${process.env["PATH"]}` };
    const command = [process.execPath, "--import", "tsx", MAIN];
    await withGuest({}, async (guest) => {
      await checkContractIn(command, targetOf(guest, {}), { cwd: REPOSITORY, env, backends: ["nsenter"] });
      const { stderr } = await cli(["exec", "--verbose", "--backend", "nsenter", "--pid", String(guest.pid), "true"], {
        env,
      });
      assert.match(stderr, /note: the cgroup namespace is not joined \(BusyBox v[\d.]+ cannot\)/);
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
