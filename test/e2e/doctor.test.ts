import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";

import { REPOSITORY } from "../support/programs.ts";
import { takeSummary } from "../runner/counts.ts";
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
  const { counts } = takeSummary(stdout);
  assert.equal(status, 0, `${stdout}${stderr}`);
  const { tests, pass, skipped } = counts ?? assert.fail(stdout);
  t.diagnostic(`${tests} cases, ${skipped} of them skipped`);
  assert.ok(tests > 0 && pass + skipped === tests, stdout);
  if (process.env["CI"]) assert.equal(skipped, 0, stdout);
});
