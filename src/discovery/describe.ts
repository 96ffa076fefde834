import {
  isBeingCreated,
  MountTable,
  type NamespaceLinks,
  type NamespaceName,
  readCommand,
  readNames,
  readNamespaces,
  readStat,
  readStatus,
  userName,
} from "../container/index.ts";
import { errnoOf, ExecutorError } from "../errors/index.ts";
import { Descriptors, type Proc } from "../system/index.ts";
import { TICKS_PER_SECOND } from "./boot-time.ts";
import { readCgroupUse, UNKNOWN_USE } from "./cgroup-use.ts";
import type { Group } from "./groups.ts";
import { obstacleOf } from "./obstacle.ts";
import type { ContainerInfo } from "./types.ts";

/** What is not to be had is as good as not there; what is no error of the system's is a defect of ours. */
function attempt<Value, Other>(read: () => Value, otherwise: Other): Value | Other {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof ExecutorError)) throw error;
    return otherwise;
  }
}

function sharedNamespaces({ ours, theirs }: Record<"ours" | "theirs", NamespaceLinks>): NamespaceName[] {
  return [...ours].flatMap(([name, link]) => (theirs.get(name) === link ? [name] : []));
}

function stateOf(proc: Proc, directory: string, { main, environment }: Group): ContainerInfo["state"] {
  if (environment && attempt(() => isBeingCreated(proc, directory, environment), false)) return "being created";
  return main.state === "T" || main.state === "t" ? "stopped" : "running";
}

/** What is the same for all of them. */
export interface Machine {
  bootTime: number;
  /** Our own. */
  mounts: MountTable;
  /** Our own, too. */
  namespaces: NamespaceLinks;
}

/**
 * What is told of a container; nothing where it has ended. Opens what can be opened of it once, so that all that follows is of this
 * process.
 */
export function describe(proc: Proc, group: Group, machine: Machine): ContainerInfo[] {
  const { main, environment, role, pids } = group;
  const descriptors = new Descriptors();
  try {
    const path = `/proc/${main.pid}`;
    const directory = proc.canOpen ? `/proc/self/fd/${descriptors.directory(path)}` : path;
    const stat = readStat(proc, directory);
    if (stat.startTime !== String(main.startTime)) return []; // its pid is another's by now
    const root = proc.canOpen ? attempt(() => descriptors.directory(`${directory}/root`), undefined) : undefined;
    const mounts = new MountTable(proc, directory);
    const status = readStatus(proc, directory);
    const uid = Number(status.get("Uid")?.split(/\s+/)[1]);
    // One that we may not look into has no links for us at all.
    const theirs = attempt(() => readNamespaces(proc, directory), undefined);
    const namespaces = theirs && { ours: machine.namespaces, theirs };
    const isOfOurUsers = namespaces && theirs.get("user") === machine.namespaces.get("user");
    const command = attempt(() => readCommand(proc, directory), undefined);
    const names = readNames(proc, directory, environment ?? new Map(), { mounts, command });
    return [
      {
        role,
        name: names[0]?.name,
        names,
        pid: main.pid,
        startedAt: new Date(machine.bootTime + (main.startTime / TICKS_PER_SECOND) * 1000),
        uid,
        user:
          root === undefined || isOfOurUsers === undefined
            ? undefined
            : attempt(() => userName(proc, directory, root, uid, isOfOurUsers), undefined),
        command: command ?? [],
        id: group.id,
        state: stateOf(proc, directory, group),
        sharedNamespaces: namespaces && sharedNamespaces(namespaces),
        processes: pids.size,
        cgroup:
          root === undefined
            ? UNKNOWN_USE
            : readCgroupUse(machine.mounts, { pid: main.pid, directory, root, mounts }, group.cgroups),
        obstacle:
          role === "guest"
            ? obstacleOf(proc, { pid: main.pid, directory, stat, namespaces, environment, status, root })
            : undefined,
      },
    ];
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return []; // it has ended
  } finally {
    descriptors.close();
  }
}
