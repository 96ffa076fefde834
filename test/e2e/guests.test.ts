import { test } from "node:test";

import type { GuestOptions } from "../guests/guest.ts";
import { checkContract, targetOf, withGuest } from "../support/contract.ts";
import { canRun } from "../support/require.ts";

const KINDS: readonly [string, GuestOptions, needs: string[]][] = [
  ["all namespaces apart", {}, ["unshare", "bash", "zsh"]],
  ["all namespaces apart, a user who is not root", { uid: 1000 }, ["unshare", "root"]],
  ["only mnt apart, as in a Pod", { namespaces: "mnt" }, ["unshare", "root"]],
  ["only mnt apart, a user who is not root", { namespaces: "mnt", uid: 1000 }, ["unshare", "root"]],
  ["a user namespace", { userNamespace: true }, ["unshare"]],
  ["a time namespace", { timeNamespace: true }, ["unshare"]],
];

for (const [name, options, needs] of KINDS) {
  test(`contract: a guest with ${name}`, async (t) => {
    if (!canRun(t, needs)) return;
    await withGuest(options, (guest) => checkContract(t, targetOf(guest, options)));
  });
}
