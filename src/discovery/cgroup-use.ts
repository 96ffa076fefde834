import { closeSync, constants, readSync } from "node:fs";

import { openCgroup, openCgroupFile, parseCgroups, type CgroupTarget } from "../container/index.ts";
import type { Proc } from "../system/index.ts";
import type { CgroupUse } from "./types.ts";

/** What version 1 has for no limit: the largest multiple of the size of a page, whatever that is. */
const NO_LIMIT = 2 ** 62;

/** A file of the kernel's own; undefined where it cannot be read. */
function readFile(cgroup: number, name: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openCgroupFile(cgroup, name, constants.O_RDONLY);
    const buffer = Buffer.alloc(4096);
    return buffer.toString("latin1", 0, readSync(fd, buffer, 0, buffer.length, 0)).trim();
  } catch {
    return undefined; // a root cgroup has fewer files, and each version has others
  } finally {
    if (fd !== undefined) closeSync(fd);
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

function readMemory(cgroup: number): Partial<CgroupUse> {
  return {
    memoryBytes: toNumber(readFile(cgroup, "memory.current") ?? readFile(cgroup, "memory.usage_in_bytes")),
    memoryLimitBytes: toLimit(readFile(cgroup, "memory.max") ?? readFile(cgroup, "memory.limit_in_bytes")),
  };
}

function readProcessors(cgroup: number): Partial<CgroupUse> {
  const [quota, period] = readFile(cgroup, "cpu.max")?.split(" ") ?? [
    readFile(cgroup, "cpu.cfs_quota_us"),
    readFile(cgroup, "cpu.cfs_period_us"),
  ];
  const used = /^usage_usec (\d+)$/m.exec(readFile(cgroup, "cpu.stat") ?? "")?.[1];
  return {
    cpuSeconds: toNumber(used, 1e-6) ?? toNumber(readFile(cgroup, "cpuacct.usage"), 1e-9),
    cpuLimit: toProcessors(quota, period),
  };
}

/** What is undefined is not known, and another hierarchy may know it. */
function merge(use: CgroupUse, more: Partial<CgroupUse>): CgroupUse {
  const known = Object.entries(more).filter(([, value]) => value !== undefined);
  return { ...use, ...Object.fromEntries(known) };
}

/** Reads what the kernel counts for a container, in whichever of its hierarchies counts it. */
export function readCgroupUse(proc: Proc, target: CgroupTarget): CgroupUse {
  let use: CgroupUse = {
    memoryBytes: undefined,
    memoryLimitBytes: undefined,
    cpuSeconds: undefined,
    cpuLimit: undefined,
  };
  for (const [hierarchy, path] of parseCgroups(proc.read(`${target.directory}/cgroup`).toString("latin1"))) {
    const controllers = hierarchy.split(",");
    const counts = ["", "memory", "cpu", "cpuacct"].some((name) => controllers.includes(name));
    if (!counts) continue;
    let cgroup: number | undefined;
    try {
      cgroup = openCgroup(proc, target, hierarchy, path);
      use = merge(use, { ...readMemory(cgroup), ...readProcessors(cgroup) });
    } catch {
      // Not to be seen from here.
    } finally {
      if (cgroup !== undefined) closeSync(cgroup);
    }
  }
  return use;
}
