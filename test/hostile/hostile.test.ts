import { test } from "node:test";

import { canRun } from "../support/require.ts";
import { CASES } from "./cases.ts";

for (const { name, needs, run } of CASES) {
  test(`a hostile container: ${name}`, async (t) => {
    if (canRun(t, needs)) await run();
  });
}
