import { closeSync } from "node:fs";

import { cgroupReader, openCgroup, parseCgroups, type CgroupTarget, type MountTable } from "../container/index.ts";
import type { CgroupUse } from "./types.ts";

/** Of a container whose cgroups are not to be seen. */
export const UNKNOWN_USE: CgroupUse = {
  memoryBytes: undefined,
  memoryLimitBytes: undefined,
  cpuSeconds: undefined,
  cpuLimit: undefined,
};

/** What version 1 has for no limit: the largest multiple of the size of a page, whatever that is. */
const NO_LIMIT = 2 ** 62;

/** Reads a file of the kernel's own; undefined where it cannot be read. */
type Read = (name: string) => string | undefined;

function readerOf(cgroup: number): Read {
  const read = cgroupReader(cgroup);
  return (name) => {
    try {
      return read(name);
    } catch {
      return undefined; // a root cgroup has fewer files, and each version has others
    }
  };
}

function toNumber(text: string | undefined, factor = 1): number | undefined {
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text) * factor;
}

function toLimit(text: string | undefined): number | undefined {
  if (text === "max") return Infinity;
  const limit = toNumber(text);
  return limit !== undefined && limit >= NO_LIMIT ? Infinity : limit;
}

/** A quota of processor time in a period; "max" or -1 is none. */
function toProcessors(quota: string | undefined, period: () => string | undefined): number | undefined {
  if (quota === "max" || quota === "-1") return Infinity;
  const [time, of] = [toNumber(quota), toNumber(period())];
  return time === undefined || of === undefined || of === 0 ? undefined : time / of;
}

/** What a hierarchy counts, by each of its controllers; "" is the unified one, which has them all. */
const READERS: Readonly<Record<string, (read: Read) => Partial<CgroupUse>>> = {
  "": (read) => {
    const [quota, period] = read("cpu.max")?.split(" ") ?? [];
    const used = /^usage_usec (\d+)$/m.exec(read("cpu.stat") ?? "")?.[1];
    const memory = toNumber(read("memory.current"));
    return {
      memoryBytes: memory,
      // Where there is no such controller there is neither.
      memoryLimitBytes: memory === undefined ? undefined : toLimit(read("memory.max")),
      cpuSeconds: toNumber(used, 1e-6),
      cpuLimit: toProcessors(quota, () => period),
    };
  },
  memory: (read) => ({
    memoryBytes: toNumber(read("memory.usage_in_bytes")),
    memoryLimitBytes: toLimit(read("memory.limit_in_bytes")),
  }),
  cpu: (read) => ({ cpuLimit: toProcessors(read("cpu.cfs_quota_us"), () => read("cpu.cfs_period_us")) }),
  cpuacct: (read) => ({ cpuSeconds: toNumber(read("cpuacct.usage"), 1e-9) }),
};

/** What is undefined is not known, and another hierarchy may know it. */
function merge(more: Partial<CgroupUse>, use: CgroupUse): CgroupUse {
  const known = Object.entries(use).filter(([, value]) => value !== undefined);
  return { ...use, ...more, ...Object.fromEntries(known) };
}

/**
 * Reads what the kernel counts for a container, in whichever of its hierarchies counts it.
 *
 * @param ours Our own mounts.
 * @param cgroups The text of /proc/PID/cgroup of its main process.
 */
export function readCgroupUse(ours: MountTable, target: CgroupTarget, cgroups: string): CgroupUse {
  let use = UNKNOWN_USE;
  // The unified one last, and only for what no other counts: beside them, everybody may be in its root.
  const hierarchies = [...parseCgroups(cgroups)].toSorted(
    ([one], [other]) => Number(one === "") - Number(other === ""),
  );
  for (const [hierarchy, path] of hierarchies) {
    const readers = hierarchy.split(",").flatMap((controller) => READERS[controller] ?? []);
    if (readers.length === 0) continue;
    let cgroup: number | undefined;
    try {
      cgroup = openCgroup(ours, target, hierarchy, path);
      const read = readerOf(cgroup);
      for (const reader of readers) use = merge(reader(read), use);
    } catch {
      // Not to be seen from here.
    } finally {
      if (cgroup !== undefined) closeSync(cgroup);
    }
  }
  return use;
}
