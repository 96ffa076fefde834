import path from "node:path";
import { test } from "node:test";

import { checkContractIn, targetOf, withGuest } from "../../support/contract.ts";
import { deno, REPOSITORY } from "../../support/programs.ts";
import { canRun } from "../../support/require.ts";

const MAIN = path.join(REPOSITORY, "test/contract/main.ts");

test("contract: under Deno, with --allow-all", async (t) => {
  if (!canRun(t, ["unshare", "deno"])) return;
  const command = [deno(), "run", "--no-prompt", "--allow-all", MAIN];
  await withGuest({}, (guest) => checkContractIn(command, targetOf(guest, {}), { cwd: REPOSITORY }));
});
