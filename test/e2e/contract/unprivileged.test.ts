import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";

import { REPOSITORY } from "../../support/programs.ts";
import { canRun } from "../../support/require.ts";

const MAIN = path.join(REPOSITORY, "test/contract/main.ts");

test("contract: as another user, without any privilege, in a user namespace", async (t) => {
  if (!canRun(t, ["unshare", "setpriv", "root"])) return;
  // The whole test runs as that user, for it is that user's namespace that has to be joined.
  const program = [
    `import { makeGuest } from "${REPOSITORY}/test/guests/guest.ts";`,
    `import { checkContractIn, targetOf } from "${REPOSITORY}/test/support/contract.ts";`,
    "const guest = await makeGuest({});",
    `try { await checkContractIn([process.execPath, "--import", "tsx", "${MAIN}"], targetOf(guest, {})); }`,
    "finally { await guest.close(); }",
  ].join("\n");
  const user = ["--reuid=12345", "--regid=12345", "--clear-groups", "--"];
  const { status, stderr } = spawnSync(
    "setpriv",
    [...user, process.execPath, "--import", "tsx", "--input-type=module", "--eval", program],
    { encoding: "utf8", cwd: REPOSITORY, env: { ...process.env, HOME: "/tmp" } },
  );
  assert.equal(status, 0, stderr);
});
