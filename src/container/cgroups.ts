import { closeSync, constants, openSync } from "node:fs";
import path from "node:path";

import { errnoOf } from "../errors/index.ts";
import { Descriptors, type Proc } from "../system/index.ts";
import { parseCgroups, parseMounts, type CgroupMount } from "./cgroup-files.ts";
import { openInside } from "./open-inside.ts";
import { OomCounter } from "./oom-counter.ts";

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

function within(mount: CgroupMount, cgroup: string): string | undefined {
  const relative = path.posix.relative(mount.root, cgroup);
  if (relative === ".." || relative.startsWith("../") || cgroup.includes("/..")) return undefined;
  return path.posix.join(mount.point, relative);
}

/** The directory of a cgroup, by our own mounts; where these do not reach it, by the container's own mount of it. */
function openCgroup(proc: Proc, directory: string, root: number, hierarchy: string, cgroup: string): number {
  let failure: unknown = Object.assign(new Error("no mount shows it"), { code: "ENOENT" });
  const mounts = (of: string): CgroupMount[] =>
    parseMounts(proc.read(`${of}/mountinfo`, 1024 * 1024).toString("latin1"), hierarchy);
  for (const mount of mounts("/proc/self")) {
    const place = within(mount, cgroup);
    if (place === undefined) continue;
    try {
      return openSync(place, 0o10000000 | constants.O_DIRECTORY);
    } catch (error) {
      failure = error;
    }
  }
  for (const mount of mounts(directory)) if (mount.root === cgroup) return openInside(root, mount.point);
  throw failure;
}

/** Opens the cgroups of a process that are not ours. What cannot be opened is an obstacle, not an error. */
export function openForeignCgroups(proc: Proc, directory: string, root: number, descriptors: Descriptors): Cgroups {
  const read = (of: string): Map<string, string> => parseCgroups(proc.read(`${of}/cgroup`).toString("latin1"));
  const ours = read("/proc/self");
  const processes: number[] = [];
  const obstacles = new Map<string, string[]>();
  const oom = new OomCounter(descriptors);
  let unified: number | undefined;
  for (const [hierarchy, cgroup] of read(directory)) {
    if (hierarchy === "memory" || hierarchy === "") {
      for (const [of, place] of [
        ["/proc/self", ours.get(hierarchy)],
        [directory, cgroup],
      ] as const) {
        try {
          const fd = openCgroup(proc, of, root, hierarchy, place ?? "/");
          oom.watch(fd);
          closeSync(fd);
        } catch {
          // Not to be seen from here: then an OOM kill shows as SIGKILL only.
        }
      }
    }
    if (cgroup === ours.get(hierarchy)) continue;
    try {
      const fd = descriptors.adopt(openCgroup(proc, directory, root, hierarchy, cgroup));
      if (hierarchy === "") unified = fd;
      else if (processes.length < MAX_HIERARCHIES)
        processes.push(descriptors.adopt(openSync(`/proc/self/fd/${fd}/cgroup.procs`, constants.O_WRONLY)));
    } catch (error) {
      const errno = errnoOf(error) ?? String(error);
      obstacles.set(errno, [...(obstacles.get(errno) ?? []), hierarchy === "" ? "cgroup v2" : hierarchy]);
    }
  }
  const told = [...obstacles].map(([errno, hierarchies]) => `${WORDS[errno] ?? errno}: ${hierarchies.join(" ")}`);
  return { unified, processes, obstacles: told, oom };
}
