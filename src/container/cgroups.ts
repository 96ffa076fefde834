import { closeSync, constants, openSync } from "node:fs";
import path from "node:path";

import { errnoOf } from "../errors/index.ts";
import { Descriptors, type Proc, relativeBelow } from "../system/index.ts";
import { parseCgroups, parseMounts, type CgroupMount } from "./cgroup-files.ts";
import { hasMember, openCgroupFile, requireCgroup } from "./cgroup-handle.ts";
import { OomCounter } from "./oom-counter.ts";
import { openInside } from "./open-inside.ts";

/** What a step is put into, so that the container's limits hold for it. */
export interface Cgroups {
  /** The container's cgroup of the unified hierarchy, as a reference. */
  unified: number | undefined;
  /** cgroup.procs of its cgroups in the older hierarchies, open for writing. */
  processes: readonly number[];
  /** Those that the step stays out of, and why. */
  obstacles: readonly string[];
  oom: OomCounter;
}

/** O_PATH | O_DIRECTORY | O_CLOEXEC. */
const REFERENCE = 0o10000000 | constants.O_DIRECTORY | 0o2000000;

/** Joining more would need more descriptor slots; there are 14 controllers. */
export const MAX_HIERARCHIES = 16;

const WORDS: Readonly<Record<string, string>> = {
  EROFS: "mounted read-only in the agent's container",
  ENOENT: "not to be seen from the agent's container",
};

function within(mount: CgroupMount, cgroup: string): string | undefined {
  const relative = relativeBelow(mount.root, cgroup);
  if (relative === undefined || cgroup.includes("/..")) return undefined;
  return path.posix.join(mount.point, relative);
}

function mountsOf(proc: Proc, directory: string, hierarchy: string): CgroupMount[] {
  return parseMounts(proc.read(`${directory}/mountinfo`, 1024 * 1024).toString("latin1"), hierarchy);
}

/** Closes it again where it is not what it must be. */
function proven(fd: number, requireIt: (fd: number) => void): number {
  try {
    requireIt(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The directory of a cgroup, by our own mounts. */
function openByOurMounts(proc: Proc, hierarchy: string, cgroup: string): number {
  let failure: unknown = Object.assign(new Error("no mount shows it"), { code: "ENOENT" });
  for (const mount of mountsOf(proc, "/proc/self", hierarchy)) {
    const place = within(mount, cgroup);
    if (place === undefined) continue;
    try {
      return proven(openSync(place, REFERENCE), requireCgroup);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A process that is pinned, and what leads to its cgroups. */
export interface CgroupTarget {
  pid: number;
  /** Its directory below /proc. */
  directory: string;
  /** A descriptor of its root directory. */
  root: number;
}

/**
 * Opens the directory of a process's cgroup by our own mounts and, where they do not reach it, by the container's. The
 * container may have mounted anything there: it counts only where the kernel itself lists the target as a member.
 *
 * @param hierarchy Its controllers, as "cpu,cpuacct"; "" is the unified one.
 * @param cgroup Its path, as /proc/PID/cgroup has it.
 * @returns A descriptor, which the caller closes. Throws an error with an errno as its code.
 */
export function openCgroup(
  proc: Proc,
  { pid, directory, root }: CgroupTarget,
  hierarchy: string,
  cgroup: string,
): number {
  try {
    return openByOurMounts(proc, hierarchy, cgroup);
  } catch (error) {
    for (const mount of mountsOf(proc, directory, hierarchy)) {
      if (mount.root !== cgroup) continue;
      return proven(openInside(root, mount.point), (fd) => {
        requireCgroup(fd);
        if (!hasMember(fd, pid)) throw Object.assign(new Error("not its own"), { code: "a mount of another" });
      });
    }
    throw error;
  }
}

/** Opens the cgroups of a process that are not ours. What cannot be opened is an obstacle, not an error. */
export function openForeignCgroups(proc: Proc, target: CgroupTarget, descriptors: Descriptors): Cgroups {
  const read = (of: string): Map<string, string> => parseCgroups(proc.read(`${of}/cgroup`).toString("latin1"));
  const ours = read("/proc/self");
  const processes: number[] = [];
  const obstacles = new Map<string, string[]>();
  const oom = new OomCounter(descriptors);
  let unified: number | undefined;
  for (const [hierarchy, cgroup] of read(target.directory)) {
    if (hierarchy === "memory" || hierarchy === "") {
      oom.watch(() => openByOurMounts(proc, hierarchy, ours.get(hierarchy) ?? "/"));
      oom.watch(() => openCgroup(proc, target, hierarchy, cgroup));
    }
    if (cgroup === ours.get(hierarchy)) continue;
    try {
      if (hierarchy === "") unified = descriptors.adopt(openCgroup(proc, target, hierarchy, cgroup));
      // Here something is written, which must never be to a mount of the container's.
      else if (processes.length < MAX_HIERARCHIES)
        processes.push(descriptors.adopt(openProcesses(openByOurMounts(proc, hierarchy, cgroup))));
    } catch (error) {
      const errno = errnoOf(error) ?? String(error);
      obstacles.set(errno, [...(obstacles.get(errno) ?? []), hierarchy === "" ? "cgroup v2" : hierarchy]);
    }
  }
  const told = [...obstacles].map(([errno, hierarchies]) => `${WORDS[errno] ?? errno}: ${hierarchies.join(" ")}`);
  return { unified, processes, obstacles: told, oom };
}

function openProcesses(cgroup: number): number {
  try {
    return openCgroupFile(cgroup, "cgroup.procs", constants.O_WRONLY);
  } finally {
    closeSync(cgroup);
  }
}
