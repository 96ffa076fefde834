import { closeSync, constants, openSync } from "node:fs";
import path from "node:path";

import { relativeBelow } from "../system/index.ts";
import type { CgroupMount } from "./cgroup-files.ts";
import { hasMember, requireCgroup } from "./cgroup-handle.ts";
import type { MountTable } from "./mount-table.ts";
import { openInside } from "./open-inside.ts";

/** O_PATH | O_DIRECTORY | O_CLOEXEC. */
const REFERENCE = 0o10000000 | constants.O_DIRECTORY | 0o2000000;

function within(mount: CgroupMount, cgroup: string): string | undefined {
  const relative = relativeBelow(mount.root, cgroup);
  if (relative === undefined || cgroup.includes("/..")) return undefined;
  return path.posix.join(mount.point, relative);
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

/**
 * Opens the directory of a cgroup by our own mounts.
 *
 * @param ours Our own mounts.
 * @param hierarchy Its controllers, as "cpu,cpuacct"; "" is the unified one.
 * @param cgroup Its path, as /proc/PID/cgroup has it.
 * @returns A descriptor, which the caller closes. Throws an error with an errno as its code.
 */
export function openByOurMounts(ours: MountTable, hierarchy: string, cgroup: string): number {
  let failure: unknown;
  let isShown = false;
  for (const mount of ours.cgroups(hierarchy)) {
    const place = within(mount, cgroup);
    if (place === undefined) continue;
    isShown = true;
    try {
      return proven(openSync(place, REFERENCE), requireCgroup);
    } catch (error) {
      failure = error;
    }
  }
  if (isShown) throw failure;
  throw Object.assign(new Error("no mount shows it"), { code: "ENOENT" });
}

/** A process that is pinned, and what leads to its cgroups. */
export interface CgroupTarget {
  pid: number;
  /** Its directory below /proc. */
  directory: string;
  /** A descriptor of its root directory. */
  root: number;
  /** Its mounts. */
  mounts: MountTable;
}

/**
 * The same and, where our mounts do not reach it, by the container's. The container may have mounted anything there: it
 * counts only where the kernel itself lists the target as a member.
 */
export function openCgroup(
  ours: MountTable,
  { pid, root, mounts }: CgroupTarget,
  hierarchy: string,
  cgroup: string,
): number {
  try {
    return openByOurMounts(ours, hierarchy, cgroup);
  } catch (error) {
    for (const mount of mounts.cgroups(hierarchy)) {
      if (mount.root !== cgroup) continue;
      return proven(openInside(root, mount.point), (fd) => {
        requireCgroup(fd);
        if (!hasMember(fd, pid)) throw Object.assign(new Error("not its own"), { code: "a mount of another" });
      });
    }
    throw error;
  }
}
