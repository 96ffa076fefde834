import { test } from "node:test";

import type { GuestOptions } from "../guests/guest.ts";
import { checkContract, targetOf, withGuest } from "./contract.ts";
import { canRun } from "./require.ts";

/**
 * Declares a test that checks the whole contract against a throw-away guest. It takes long and mostly waits, so each is in a
 * file of its own.
 *
 * @param needs What it needs besides unshare.
 * @param how Whether steps that mask their output are checked, too.
 */
export function testContract(
  name: string,
  options: GuestOptions,
  needs: readonly string[],
  how: { checksMasks?: boolean } = {},
): void {
  test(`contract: a guest with ${name}`, async (t) => {
    if (!canRun(t, ["unshare", ...needs])) return;
    await withGuest(options, (guest) => checkContract(t, { ...targetOf(guest, options), ...how }));
  });
}
