import { ExecutorError, invalidOption } from "../errors/index.ts";
import { MAX_ID, parseGroup, parsePasswd, readAccounts, type Group, type User } from "./accounts.ts";
import type { Container } from "./container.ts";
import type { IdMap } from "./id-map.ts";
import type { Identity } from "./identity.ts";

/** NGROUPS_MAX of the kernel. */
const MAX_GROUPS = 65536;

/** Who a step is to be, where that is not the container's main process. */
export interface UserOptions {
  /** `uid[:gid]`, each a number or a name of the container's, as for `docker exec --user`. */
  user?: string | number | undefined;
  /** The supplementary groups, each a number or a name of the container's. */
  groups?: readonly (string | number)[] | undefined;
}

/** An identity, and what the step's environment says of it. */
export interface StepUser {
  identity: Identity;
  /** HOME, USER and LOGNAME of another user than the main process's. */
  variables: Readonly<Record<string, string>>;
  /** What of that is not as the container has it, and why. */
  warnings: readonly string[];
}

/** A number is never taken for a name: the container, which chooses what its names mean, has no say in it. */
function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function numeric(text: string): number | undefined {
  return isNumber(text) && Number(text) <= MAX_ID ? Number(text) : undefined;
}

function tooLarge(what: string, text: string): Error {
  return invalidOption(`the ${what} ${text} is too large to be one`, `ids go up to ${MAX_ID}`);
}

/** Gives the entries of an account file, which is read only if something in it is needed. */
function lazily<Entry>(container: Container, file: string, parse: (text: string) => Entry[]): () => Entry[] {
  let entries: Entry[] | undefined;
  return () =>
    (entries ??= container.withRoot((root) => parse(readAccounts(root, file))) ?? parse(readAccounts(undefined, file)));
}

function findGroup(groups: () => readonly Group[], text: string): number {
  const found = isNumber(text) ? numeric(text) : groups().find(({ name }) => name === text)?.gid;
  if (found === undefined) {
    if (isNumber(text)) throw tooLarge("group id", text);
    throw invalidOption(
      `the container has no group ${JSON.stringify(text)}`,
      "name one of its /etc/group, or give a number",
    );
  }
  return found;
}

function findUser(users: () => readonly User[], text: string): User {
  const uid = numeric(text);
  if (uid === undefined && isNumber(text)) throw tooLarge("user id", text);
  const found = users().find((user) => (uid === undefined ? user.name === text : user.uid === uid));
  if (found) return found;
  if (uid === undefined) {
    throw invalidOption(
      `the container has no user ${JSON.stringify(text)}`,
      "name one of its /etc/passwd, or give a number",
    );
  }
  // As docker exec: a uid without an entry has the group root and the home /.
  return { name: "", uid, gid: 0, home: "/" };
}

/** As findUser, where the group is given too: then a number needs no file but for its home, and what is in its way is a warning. */
function findUserOfGroup(users: () => readonly User[], text: string, warnings: string[]): User {
  try {
    return findUser(users, text);
  } catch (error) {
    const uid = numeric(text);
    if (uid === undefined || !(error instanceof ExecutorError) || error.code !== "ENTRY_FAILED") throw error;
    const { path = "", why = "" } = error.details;
    warnings.push(`HOME of the user ${uid} is /: ${path} of the container cannot be read (${why})`);
    return { name: "", uid, gid: 0, home: "/" };
  }
}

function toOurs(map: IdMap, id: number, what: string): number {
  const ours = map.toOuter(id);
  if (ours === undefined) {
    throw invalidOption(`the ${what} ${id} has no place in the container's user namespace`, "give one that it maps");
  }
  return ours;
}

/**
 * Who a step is: the main process's user, or the one that was asked for. Capabilities are those that the container
 * runtime would give that user: root has the container's bounding set, another user none.
 *
 * @throws ExecutorError INVALID_OPTION, ENTRY_FAILED (its account files cannot be read).
 */
export function stepUser(container: Container, options: UserOptions): StepUser {
  const { identity } = container;
  if (options.user === undefined && options.groups === undefined) return { identity, variables: {}, warnings: [] };
  if (options.groups && options.groups.length > MAX_GROUPS) {
    throw invalidOption(`${options.groups.length} groups are given`, `a process has at most ${MAX_GROUPS}`);
  }
  const groups = lazily(container, "/etc/group", parseGroup);
  const wanted = options.groups?.map((group) => findGroup(groups, String(group)));
  const ours = (gids: readonly number[]): number[] => gids.map((gid) => toOurs(identity.gids, gid, "group"));
  if (options.user === undefined) {
    const own = wanted ?? [];
    return { identity: { ...identity, groups: own, ourGroups: ours(own) }, variables: {}, warnings: [] };
  }

  const [userText = "", groupText, ...rest] = String(options.user).split(":");
  if (userText === "" || groupText === "" || rest.length > 0) {
    throw invalidOption(`the user ${JSON.stringify(options.user)} is none`, "give uid or uid:gid, numbers or names");
  }
  const users = lazily(container, "/etc/passwd", parsePasswd);
  const warnings: string[] = [];
  const user = groupText === undefined ? findUser(users, userText) : findUserOfGroup(users, userText, warnings);
  const gid = groupText === undefined ? user.gid : findGroup(groups, groupText);
  const isMember = ({ members }: Group): boolean => members.includes(user.name);
  const groupsOfUser = (): Group[] => (groupText === undefined && user.name !== "" ? groups().filter(isMember) : []);
  const isMain = user.uid === identity.uid;
  const { capabilities } = identity;
  const supplementary = wanted ?? groupsOfUser().map((group) => group.gid);
  return {
    identity: {
      ...identity,
      uid: user.uid,
      gid,
      groups: supplementary,
      ourGroups: ours(supplementary),
      ourUid: toOurs(identity.uids, user.uid, "user"),
      ourGid: toOurs(identity.gids, gid, "group"),
      capabilities: isMain ? capabilities : { ...capabilities, permitted: capabilities.bounding, ambient: 0n },
    },
    variables: { HOME: user.home || "/", ...(user.name && { USER: user.name, LOGNAME: user.name }) },
    warnings,
  };
}
