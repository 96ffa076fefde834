import { readEnviron, STEP_ID } from "../container/index.ts";
import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";
import { mainCandidates } from "./main-process.ts";
import { Membership } from "./membership.ts";
import { scanProcesses, type ProcessEntry } from "./processes.ts";
import type { ContainerRole } from "./types.ts";

/** The processes of one container. */
export interface Group {
  role: ContainerRole;
  main: ProcessEntry;
  /** That of its main process; undefined where we may not look. */
  environment: ReadonlyMap<string, Buffer> | undefined;
  /** /proc/PID/cgroup of its main process. */
  cgroups: string;
  pids: ReadonlySet<number>;
}

function readEnvironment(proc: Proc, pid: number): ReadonlyMap<string, Buffer> | undefined {
  try {
    return readEnviron(proc, `/proc/${pid}`);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined; // it has ended, or we may not look
  }
}

function toGroup(proc: Proc, pids: ReadonlySet<number>, isOurs: boolean, membership: Membership): Group[] {
  for (const main of mainCandidates(proc, pids)) {
    const environment = readEnvironment(proc, main.pid);
    // What a step of ours left behind is not what its container was started for.
    if (!isOurs && environment?.has(STEP_ID)) continue;
    return [{ role: roleOf(isOurs, pids), main, environment, cgroups: membership.cgroupsOf(main.pid), pids }];
  }
  return [];
}

/** A mount namespace that a process of a container made for itself (a sandbox in it) is no container of its own. */
function isInsideAnother({ main, cgroups }: Group, groups: readonly Group[]): boolean {
  return groups.some((other) => other.role === "guest" && other.cgroups === cgroups && other.pids.has(main.parent));
}

/** Ours comes first, then the Pod's own; the others by the time of their start. */
const ORDER: Readonly<Record<ContainerRole, number>> = { agent: 0, pause: 1, guest: 2 };

function roleOf(isOurs: boolean, pids: ReadonlySet<number>): ContainerRole {
  if (isOurs) return "agent";
  // With a shared process namespace, its first process is the Pod's own.
  return pids.has(1) ? "pause" : "guest";
}

/** The containers that we see: the processes of each mount namespace. */
export function findGroups(proc: Proc): Group[] {
  const processes = scanProcesses(proc);
  const membership = new Membership(proc, processes);
  const byKey = new Map<string, Set<number>>();
  for (const process of processes) {
    const key = membership.keyOf(process);
    const members = byKey.get(key);
    if (members) members.add(process.pid);
    else byKey.set(key, new Set([process.pid]));
  }
  const groups = [...byKey].flatMap(([key, pids]) => toGroup(proc, pids, key === membership.ours, membership));
  return groups
    .filter((group) => !isInsideAnother(group, groups))
    .toSorted((one, other) => ORDER[one.role] - ORDER[other.role] || one.main.startTime - other.main.startTime);
}
