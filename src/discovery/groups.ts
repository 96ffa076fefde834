import { STEP_ID } from "../container/index.ts";
import type { Proc } from "../system/index.ts";
import { containerId } from "./container-id.ts";
import { mainCandidates } from "./main-process.ts";
import { Membership } from "./membership.ts";
import { scanProcesses, unlessGone, type ProcessEntry } from "./processes.ts";
import { TellingVariables } from "./telling-variables.ts";
import type { ContainerRole } from "./types.ts";

/** The processes of one container. */
export interface Group {
  role: ContainerRole;
  main: ProcessEntry;
  /** The variables of its main process that tell what it is; undefined where we may not look. */
  environment: ReadonlyMap<string, Buffer> | undefined;
  /** /proc/PID/cgroup of its main process. */
  cgroups: string;
  /** What its runtime calls it. */
  id: string | undefined;
  pids: ReadonlySet<number>;
}

function toGroup(
  pids: ReadonlySet<number>,
  isOurs: boolean,
  { proc, membership, variables }: { proc: Proc; membership: Membership; variables: TellingVariables },
): Group[] {
  for (const main of mainCandidates(proc, pids)) {
    const telling = unlessGone(() => ({ environment: variables.of(main.pid) }));
    // What a step of ours left behind is not what its container was started for.
    if (!telling || (!isOurs && telling.environment?.has(STEP_ID))) continue;
    const { environment } = telling;
    const cgroups = membership.cgroupsOf(main.pid);
    return [{ role: roleOf(isOurs, pids), main, environment, cgroups, id: containerId(cgroups), pids }];
  }
  return [];
}

/**
 * What the runtime counts as one container is one, whatever mount namespaces its processes made for themselves and whichever of
 * them do not let us look: the oldest main process is its own.
 */
function mergeById(groups: readonly Group[]): Group[] {
  const merged = new Map<string | Group, Group>();
  for (const group of groups) {
    const key = group.id ?? group;
    const known = merged.get(key);
    merged.set(key, known ? { ...known, pids: new Set([...known.pids, ...group.pids]) } : group);
  }
  return [...merged.values()];
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
  const access = { proc, membership, variables: new TellingVariables(proc) };
  const groups = mergeById(
    [...byKey]
      .flatMap(([key, pids]) => toGroup(pids, key === membership.ours, access))
      .toSorted((one, other) => ORDER[one.role] - ORDER[other.role] || one.main.startTime - other.main.startTime),
  );
  return groups.filter((group) => !isInsideAnother(group, groups));
}
