import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { readStat } from "../../src/container/index.ts";
import { connect } from "../../src/index.ts";
import { accessProc } from "../../src/system/index.ts";
import { examined } from "../doctor/run-doctor.ts";
import { withGuest } from "../support/contract.ts";
import { canRun } from "../support/require.ts";

/** Where all processes of the machine are visible, as in a Pod with hostPID. */

test("a kernel thread is refused", async (t) => {
  if (!canRun(t, ["root", "machine"])) return;
  // Not only the first of them, whose number is known.
  const threads = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && isKernelThread(name))
    .slice(0, 5);
  assert.equal(threads.length, 5);
  for (const pid of threads.map(Number)) {
    await assert.rejects(connect({ pid }), { code: "TARGET_NOT_ENTERABLE", message: /kernel thread/ });
  }
});

function isKernelThread(name: string): boolean {
  try {
    return readStat(accessProc(), `/proc/${name}`).isKernelThread;
  } catch {
    return false; // it has just ended
  }
}

test("doctor enters no container but the chosen one", async (t) => {
  if (!canRun(t, ["root", "unshare", "machine"])) return;
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
