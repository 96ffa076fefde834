import {
  isBeingCreated,
  MountTable,
  NAMESPACE_FLAGS,
  type NamespaceName,
  pinContainer,
  readCommand,
  readNames,
  readStat,
  readStatus,
  userName,
} from "../container/index.ts";
import { errnoOf, ExecutorError } from "../errors/index.ts";
import { accessProc, Descriptors, requireLinux, type Proc } from "../system/index.ts";
import { readCgroupUse } from "./cgroup-use.ts";
import { findGroups, type Group } from "./groups.ts";
import { readBootTime, TICKS_PER_SECOND } from "./boot-time.ts";
import type { ContainerInfo } from "./types.ts";

const UNKNOWN_USE = { memoryBytes: undefined, memoryLimitBytes: undefined, cpuSeconds: undefined, cpuLimit: undefined };

/** What is not to be had is as good as not there; what is no error of the system's is a defect of ours. */
function attempt<Value, Other>(read: () => Value, otherwise: Other): Value | Other {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof ExecutorError)) throw error;
    return otherwise;
  }
}

function sharedNamespaces(proc: Proc, directory: string): NamespaceName[] {
  const link = (of: string, name: string): string | undefined =>
    attempt(() => proc.link(`${of}/ns/${name}`), undefined);
  // One that we may not look into has no links for us at all.
  proc.link(`${directory}/ns/mnt`);
  return (Object.keys(NAMESPACE_FLAGS) as NamespaceName[]).filter((name) => {
    const ours = link("/proc/self", name);
    return ours !== undefined && ours === link(directory, name);
  });
}

function stateOf(proc: Proc, directory: string, { main, environment }: Group): ContainerInfo["state"] {
  if (environment && attempt(() => isBeingCreated(proc, directory, environment), false)) return "being created";
  return main.state === "T" || main.state === "t" ? "stopped" : "running";
}

function obstacleOf(group: Group): string | undefined {
  if (group.role !== "guest") return undefined;
  try {
    pinContainer(group.main.pid, String(group.main.startTime)).close();
    return undefined;
  } catch (error) {
    if (error instanceof ExecutorError) return error.message;
    throw error;
  }
}

/** What is the same for all of them. */
interface Machine {
  bootTime: number;
  /** Our own. */
  mounts: MountTable;
}

/** Opens what can be opened of it once, so that all that follows is of this process. */
function describe(proc: Proc, group: Group, machine: Machine): ContainerInfo[] {
  const { main, environment, role, pids } = group;
  const descriptors = new Descriptors();
  try {
    const path = `/proc/${main.pid}`;
    const directory = proc.canOpen ? `/proc/self/fd/${descriptors.directory(path)}` : path;
    if (readStat(proc, directory).startTime !== String(main.startTime)) return []; // its pid is another's by now
    const root = proc.canOpen ? attempt(() => descriptors.directory(`${directory}/root`), undefined) : undefined;
    const mounts = new MountTable(proc, directory);
    const uid = Number(readStatus(proc, directory).get("Uid")?.split(/\s+/)[1]);
    const names = readNames(proc, directory, environment ?? new Map(), mounts);
    return [
      {
        role,
        name: names[0]?.name,
        names,
        pid: main.pid,
        startedAt: new Date(machine.bootTime + (main.startTime / TICKS_PER_SECOND) * 1000),
        uid,
        user: root === undefined ? undefined : attempt(() => userName(proc, directory, root, uid), undefined),
        command: attempt(() => readCommand(proc, directory), []),
        id: group.id,
        state: stateOf(proc, directory, group),
        sharedNamespaces: attempt(() => sharedNamespaces(proc, directory), undefined),
        processes: pids.size,
        cgroup:
          root === undefined
            ? UNKNOWN_USE
            : readCgroupUse(proc, machine.mounts, { pid: main.pid, directory, root, mounts }),
        obstacle: obstacleOf(group),
      },
    ];
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return []; // it has ended
  } finally {
    descriptors.close();
  }
}

/**
 * The containers that this process sees: its own (the agent), the Pod's pause container, and those that steps can be run in.
 * Each is told by the mount namespace of its processes; its main process is the oldest that none of the others started.
 *
 * @returns The agent first, then the pause container, then the guests in the order of their start.
 * @throws ExecutorError UNSUPPORTED_PLATFORM.
 * @example
 * ```ts
 * import { containers } from "k8s-executor";
 * for (const { role, name, pid } of await containers()) console.log(role, name ?? "-", pid);
 * ```
 */
export async function containers(): Promise<ContainerInfo[]> {
  requireLinux();
  const proc = accessProc();
  const machine = { bootTime: readBootTime(proc), mounts: new MountTable(proc, "/proc/self") };
  return findGroups(proc).flatMap((group) => describe(proc, group, machine));
}
