import { closeSync } from "node:fs";

import { openCgroup, parseCgroups, readCgroupFile, type CgroupTarget, type MountTable } from "../container/index.ts";
import type { Proc } from "../system/index.ts";
import type { CgroupUse } from "./types.ts";

/** What version 1 has for no limit: the largest multiple of the size of a page, whatever that is. */
const NO_LIMIT = 2 ** 62;

/** A file of the kernel's own; undefined where it cannot be read. */
function readFile(cgroup: number, name: string): string | undefined {
  try {
    return readCgroupFile(cgroup, name);
  } catch {
    return undefined; // a root cgroup has fewer files, and each version has others
  }
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
function toProcessors(quota: string | undefined, period: string | undefined): number | undefined {
  if (quota === "max" || quota === "-1") return Infinity;
  const [time, of] = [toNumber(quota), toNumber(period)];
  return time === undefined || of === undefined || of === 0 ? undefined : time / of;
}

/** What a hierarchy counts, by each of its controllers; "" is the unified one, which has them all. */
const READERS: Readonly<Record<string, (cgroup: number) => Partial<CgroupUse>>> = {
  "": (cgroup) => {
    const [quota, period] = readFile(cgroup, "cpu.max")?.split(" ") ?? [];
    const used = /^usage_usec (\d+)$/m.exec(readFile(cgroup, "cpu.stat") ?? "")?.[1];
    return {
      memoryBytes: toNumber(readFile(cgroup, "memory.current")),
      memoryLimitBytes: toLimit(readFile(cgroup, "memory.max")),
      cpuSeconds: toNumber(used, 1e-6),
      cpuLimit: toProcessors(quota, period),
    };
  },
  memory: (cgroup) => ({
    memoryBytes: toNumber(readFile(cgroup, "memory.usage_in_bytes")),
    memoryLimitBytes: toLimit(readFile(cgroup, "memory.limit_in_bytes")),
  }),
  cpu: (cgroup) => ({
    cpuLimit: toProcessors(readFile(cgroup, "cpu.cfs_quota_us"), readFile(cgroup, "cpu.cfs_period_us")),
  }),
  cpuacct: (cgroup) => ({ cpuSeconds: toNumber(readFile(cgroup, "cpuacct.usage"), 1e-9) }),
};

/** What is undefined is not known, and another hierarchy may know it. */
function merge(use: CgroupUse, more: Partial<CgroupUse>): CgroupUse {
  const known = Object.entries(more).filter(([, value]) => value !== undefined);
  return { ...use, ...Object.fromEntries(known) };
}

/** Reads what the kernel counts for a container, in whichever of its hierarchies counts it. @param ours Our own mounts. */
export function readCgroupUse(proc: Proc, ours: MountTable, target: CgroupTarget): CgroupUse {
  let use: CgroupUse = {
    memoryBytes: undefined,
    memoryLimitBytes: undefined,
    cpuSeconds: undefined,
    cpuLimit: undefined,
  };
  for (const [hierarchy, path] of parseCgroups(proc.read(`${target.directory}/cgroup`).toString("latin1"))) {
    const readers = hierarchy.split(",").flatMap((controller) => READERS[controller] ?? []);
    if (readers.length === 0) continue;
    let cgroup: number | undefined;
    try {
      cgroup = openCgroup(ours, target, hierarchy, path);
      for (const read of readers) use = merge(use, read(cgroup));
    } catch {
      // Not to be seen from here.
    } finally {
      if (cgroup !== undefined) closeSync(cgroup);
    }
  }
  return use;
}
