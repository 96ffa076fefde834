import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { readStat } from "../../src/container/index.ts";
import { accessProc } from "../../src/system/index.ts";
import { examined } from "../doctor/run-doctor.ts";
import { withGuest } from "../support/contract.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";

test("doctor, beside throw-away guests that each lack something", (t) => {
  if (!canRun(t, ["root", "unshare", "nsenter", "setpriv", "prlimit", "script", "mkfifo", "cc"])) return;
  // As in a Pod, no processes but ours are to be seen.
  const alone = ["--pid", "--fork", "--kill-child", "--mount-proc"];
  const cases = path.join(REPOSITORY, "test/doctor/cases.ts");
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    [...alone, process.execPath, "--import", "tsx", "--test-reporter=tap", cases],
    // It is a run of its own, and no part of ours, whose form its output would otherwise have.
    {
      encoding: "utf8",
      cwd: REPOSITORY,
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    },
  );
  const passed = Number(/^# pass (\d+)$/m.exec(stdout)?.[1]);
  assert.ok(status === 0 && passed > 15, `${stdout}${stderr}`);
});

test("where all processes of the machine are to be seen, no container is entered but the chosen one", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  // In a container's own process namespace there is nothing to be seen, and so nothing to be tried.
  const isMachines = existsSync("/proc/2/stat") && readStat(accessProc(), "/proc/2").isKernelThread;
  if (!isMachines) return;
  await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
    await withGuest({ namespaces: "mnt" }, async () => {
      const none = await examined([]);
      assert.deepEqual([none.status, none.finding("container").status, none.report.containers], [1, "missing", []]);
      assert.equal(none.finding("pid-namespace").status, "degraded");
      const { status, report } = await examined(["--pid", String(pid)]);
      assert.deepEqual([status, report.containers.map((container) => container.pid)], [0, [pid]]);
    });
  });
});
