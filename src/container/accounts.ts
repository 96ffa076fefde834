import { errnoOf, ExecutorError } from "../errors/index.ts";
import { readInside } from "./open-inside.ts";

/** A line of /etc/passwd, passwd(5). */
export interface User {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

/** A line of /etc/group, group(5). */
export interface Group {
  name: string;
  gid: number;
  members: readonly string[];
}

/** Far more than any image has; a hostile one may have an endless file. */
const LIMIT = 1024 * 1024;
export const MAX_ID = 0xfffffffe;

function id(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined;
}

/** The users of a passwd file. Lines that are none are passed over. */
export function parsePasswd(text: string): User[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , uid, gid, , home = ""] = line.split(":");
    const [user, group] = [id(uid), id(gid)];
    return name === "" || user === undefined || group === undefined ? [] : [{ name, uid: user, gid: group, home }];
  });
}

/** The groups of a group file. Lines that are none are passed over. */
export function parseGroup(text: string): Group[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , gid, members = ""] = line.split(":");
    const group = id(gid);
    return name === "" || group === undefined ? [] : [{ name, gid: group, members: members.split(",") }];
  });
}

/** Where nothing of the container can be opened. */
const NO_ROOT = "this runtime does not let us open the container's root directory";

/**
 * The text of an account file of the container's, read as data: no NSS, no library of the container's or ours has a say.
 * "" where it has none.
 *
 * @param root A descriptor of its root directory; without one there is no safe way in.
 * @throws ExecutorError ENTRY_FAILED.
 */
export function readAccounts(root: number | undefined, path: string): string {
  if (root === undefined) throw unreadable(path, NO_ROOT);
  try {
    return readInside(root, path, LIMIT).toString("latin1");
  } catch (cause) {
    const errno = errnoOf(cause) ?? "";
    if (errno === "ENOENT" || errno === "ENOTDIR") return "";
    throw unreadable(path, errno, cause);
  }
}

function unreadable(path: string, why: string, cause?: unknown): ExecutorError {
  return new ExecutorError("ENTRY_FAILED", {
    problem: `${path} of the container cannot be read: ${why}`,
    remedy: "give the user and the groups as numbers, uid:gid, which need no file",
    cause,
    details: { path, why },
  });
}
