import { readEnviron, STEP_ID } from "../container/index.ts";
import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";
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
  processes: readonly ProcessEntry[];
}

/** What cannot be read is as if it were not there: the process has ended, or we may not look. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function readCgroups(proc: Proc, pid: number): string {
  return attempt(() => proc.read(`/proc/${pid}/cgroup`).toString("latin1")) ?? "";
}

/** Those that are no child of another, the oldest first. */
function withoutParents(processes: readonly ProcessEntry[]): ProcessEntry[] {
  const pids = new Set(processes.map(({ pid }) => pid));
  return processes
    .filter(({ parent }) => !pids.has(parent))
    .toSorted((one, other) => one.startTime - other.startTime || one.pid - other.pid);
}

function toGroup(proc: Proc, processes: readonly ProcessEntry[], role: ContainerRole): Group[] {
  for (const main of withoutParents(processes)) {
    const environment = attempt(() => readEnviron(proc, `/proc/${main.pid}`));
    // What a step of ours left behind is not what its container was started for.
    if (environment?.has(STEP_ID)) continue;
    return [{ role, main, environment, cgroups: readCgroups(proc, main.pid), processes }];
  }
  return [];
}

/**
 * Which container a process is in: its mount namespace's. Where we may not look, it is its parent's while that one's cgroup is
 * the same, and ours or another's by the cgroup.
 */
function keyOf(proc: Proc, process: ProcessEntry, byPid: ReadonlyMap<number, ProcessEntry>, ours: Ours): string {
  if (process.mountNamespace !== undefined) return process.mountNamespace;
  const cgroups = readCgroups(proc, process.pid);
  let above = byPid.get(process.parent);
  while (above && above.mountNamespace === undefined && readCgroups(proc, above.pid) === cgroups) {
    above = byPid.get(above.parent);
  }
  if (above?.mountNamespace !== undefined && readCgroups(proc, above.pid) === cgroups) return above.mountNamespace;
  return cgroups === ours.cgroups ? ours.mountNamespace : cgroups;
}

interface Ours {
  mountNamespace: string;
  cgroups: string;
}

/** A mount namespace that a process of a container made for itself (a sandbox in it) is no container of its own. */
function isInsideAnother({ main, cgroups }: Group, groups: readonly Group[]): boolean {
  return groups.some(
    (other) =>
      other.role === "guest" && other.cgroups === cgroups && other.processes.some(({ pid }) => pid === main.parent),
  );
}

/** Ours comes first, then the Pod's own; the others by the time of their start. */
const ORDER: Readonly<Record<ContainerRole, number>> = { agent: 0, pause: 1, guest: 2 };

function roleOf(isOurs: boolean, members: readonly ProcessEntry[]): ContainerRole {
  if (isOurs) return "agent";
  // With a shared process namespace, its first process is the Pod's own.
  return members.some(({ pid }) => pid === 1) ? "pause" : "guest";
}

/** The containers that we see: the processes of each mount namespace. */
export function findGroups(proc: Proc): Group[] {
  const processes = scanProcesses(proc);
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const ours = {
    mountNamespace: proc.link("/proc/self/ns/mnt"),
    cgroups: proc.read("/proc/self/cgroup").toString("latin1"),
  };
  const byKey = new Map<string, ProcessEntry[]>();
  for (const process of processes) {
    const key = keyOf(proc, process, byPid, ours);
    const members = byKey.get(key);
    if (members) members.push(process);
    else byKey.set(key, [process]);
  }
  const groups = [...byKey].flatMap(([key, members]) =>
    toGroup(proc, members, roleOf(key === ours.mountNamespace, members)),
  );
  return groups
    .filter((group) => !isInsideAnother(group, groups))
    .toSorted((one, other) => ORDER[one.role] - ORDER[other.role] || one.main.startTime - other.main.startTime);
}
