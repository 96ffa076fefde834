import { ExecutorError } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";
import { readIdMap, SAME_IDS, type IdMap } from "./id-map.ts";

/** Who the target's main process is. */
export interface Identity {
  /** As the target's own user namespace counts. */
  uid: number;
  gid: number;
  groups: number[];
  /** The same user as our user namespace counts: the owner of files that we make for it. */
  ourUid: number;
  ourGid: number;
  ourGroups: number[];
  /** Its user namespace denies setgroups(2): they must be set before that is joined. */
  deniesGroups: boolean;
  umask: number;
  noNewPrivileges: boolean;
  capabilities: CapabilitySets;
  /** Its user namespace. */
  uids: IdMap;
  gids: IdMap;
}

/** Capability sets as bit masks, capabilities(7). */
export interface CapabilitySets {
  bounding: bigint;
  permitted: bigint;
  inheritable: bigint;
  ambient: bigint;
}

/** More than the 65,536 groups that a process can have take. */
const STATUS_LIMIT = 2 * 1024 * 1024;

/** What must be known of a process before anything may become it: a guess would be too much privilege. */
const REQUIRED = ["Uid", "Gid", "Groups", "Umask", "CapInh", "CapPrm", "CapBnd", "NoNewPrivs"];

/** The fields of /proc/PID/status, by name. */
export function readStatus(proc: Proc, directory: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of proc.read(`${directory}/status`, STATUS_LIMIT).toString("latin1").split("\n")) {
    const colon = line.indexOf(":");
    // The first wins: the process chooses its own Name, but not what comes before it.
    if (colon > 0 && !fields.has(line.slice(0, colon))) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

function numbers(text: string | undefined): number[] {
  return (text ?? "").split(/\s+/).filter(Boolean).map(Number);
}

function mask(text: string | undefined): bigint {
  return BigInt(`0x${text ?? "0"}`);
}

function readFileIfAny(proc: Proc, path: string): string {
  try {
    return proc.read(path).toString("latin1");
  } catch {
    // A kernel without user namespaces has no such file.
    return "";
  }
}

/**
 * Reads the identity of the process.
 *
 * @param proc How to read /proc.
 * @param directory Its /proc directory.
 * @param inOtherUserNamespace Whether its user namespace is not ours, so that ids must be translated.
 * @param status Where that was read already.
 */
export function readIdentity(
  proc: Proc,
  directory: string,
  inOtherUserNamespace: boolean,
  status: ReadonlyMap<string, string> = readStatus(proc, directory),
): Identity {
  const missing = REQUIRED.filter((name) => !status.has(name));
  if (missing.length > 0) {
    throw new ExecutorError("UNSUPPORTED_PLATFORM", {
      problem: `/proc/PID/status does not tell ${missing.join(", ")}`,
      remedy: "use Linux 4.10 or later, with the whole of /proc",
    });
  }
  // Real, effective, saved, file system: the effective one is what the process can do.
  const ourUid = numbers(status.get("Uid"))[1] ?? 0;
  const ourGid = numbers(status.get("Gid"))[1] ?? 0;
  const groups = numbers(status.get("Groups"));
  const uids = inOtherUserNamespace ? readIdMap(proc, `${directory}/uid_map`) : SAME_IDS;
  const gids = inOtherUserNamespace ? readIdMap(proc, `${directory}/gid_map`) : SAME_IDS;
  return {
    uid: uids.toInner(ourUid) ?? 0,
    gid: gids.toInner(ourGid) ?? 0,
    groups: groups.map((group) => gids.toInner(group)).filter((group) => group !== undefined),
    ourUid,
    ourGid,
    ourGroups: groups,
    deniesGroups: inOtherUserNamespace && readFileIfAny(proc, `${directory}/setgroups`).trim() === "deny",
    umask: Number.parseInt(status.get("Umask") ?? "0022", 8),
    noNewPrivileges: status.get("NoNewPrivs") === "1",
    capabilities: {
      bounding: mask(status.get("CapBnd")),
      permitted: mask(status.get("CapPrm")),
      inheritable: mask(status.get("CapInh")),
      ambient: mask(status.get("CapAmb")),
    },
    uids,
    gids,
  };
}
