import { closeSync, constants } from "node:fs";

import { errnoOf } from "../errors/index.ts";
import { type Descriptors, type Proc } from "../system/index.ts";
import { parseCgroups } from "./cgroup-files.ts";
import { openCgroupFile } from "./cgroup-handle.ts";
import { MountTable } from "./mount-table.ts";
import { OomCounter } from "./oom-counter.ts";
import { openByOurMounts, openCgroup, type CgroupTarget } from "./open-cgroup.ts";

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

/** Joining more would need more descriptor slots; there are 14 controllers. */
export const MAX_HIERARCHIES = 16;

const WORDS: Readonly<Record<string, string>> = {
  EROFS: "mounted read-only in the agent's container",
  ENOENT: "not to be seen from the agent's container",
};

/** Opens the cgroups of a process that are not ours. What cannot be opened is an obstacle, not an error. */
export function openForeignCgroups(proc: Proc, target: CgroupTarget, descriptors: Descriptors): Cgroups {
  const read = (of: string): Map<string, string> => parseCgroups(proc.read(`${of}/cgroup`).toString("latin1"));
  const ours = read("/proc/self");
  const mounts = new MountTable(proc, "/proc/self");
  const processes: number[] = [];
  const obstacles = new Map<string, string[]>();
  const oom = new OomCounter(descriptors);
  let unified: number | undefined;
  for (const [hierarchy, cgroup] of read(target.directory)) {
    if (hierarchy === "memory" || hierarchy === "") {
      oom.watch(() => openByOurMounts(mounts, hierarchy, ours.get(hierarchy) ?? "/"));
      oom.watch(() => openCgroup(mounts, target, hierarchy, cgroup));
    }
    if (cgroup === ours.get(hierarchy)) continue;
    try {
      if (hierarchy === "") unified = descriptors.adopt(openCgroup(mounts, target, hierarchy, cgroup));
      // Here something is written, which must never be to a mount of the container's.
      else if (processes.length < MAX_HIERARCHIES)
        processes.push(descriptors.adopt(openProcesses(openByOurMounts(mounts, hierarchy, cgroup))));
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
