import path from "node:path";
import { test } from "node:test";

import { checkContractIn, targetOf, withGuest } from "../../support/contract.ts";
import { node24, REPOSITORY } from "../../support/programs.ts";
import { canRun } from "../../support/require.ts";

const MAIN = path.join(REPOSITORY, "test/contract/main.ts");

test("contract: unbuilt, by Node's own type stripping", async (t) => {
  if (!canRun(t, ["unshare", "node24"])) return;
  const node = node24();
  await withGuest({}, (guest) => checkContractIn([node, MAIN], targetOf(guest, {}), { cwd: REPOSITORY }));
});
