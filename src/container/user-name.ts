import type { Proc } from "../system/index.ts";
import { parsePasswd, readAccounts } from "./accounts.ts";
import { readIdMap, SAME_IDS } from "./id-map.ts";

/**
 * What the container's own /etc/passwd calls a user; undefined where it has no such user.
 *
 * @param directory The /proc directory of its main process.
 * @param root A descriptor of its root directory.
 * @param ourUid As our user namespace counts.
 * @param isOfOurUsers Whether that is its own, too.
 */
export function userName(
  proc: Proc,
  directory: string,
  root: number,
  ourUid: number,
  isOfOurUsers: boolean,
): string | undefined {
  const uid = (isOfOurUsers ? SAME_IDS : readIdMap(proc, `${directory}/uid_map`)).toInner(ourUid);
  return parsePasswd(readAccounts(root, "/etc/passwd")).find((user) => user.uid === uid)?.name;
}
