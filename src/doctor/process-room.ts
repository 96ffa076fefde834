import { closeSync } from "node:fs";
import path from "node:path";

import {
  cgroupReader,
  MountTable,
  openCgroup,
  parseCgroups,
  readLimit,
  readStatus,
  type CgroupTarget,
} from "../container/index.ts";
import type { Proc } from "../system/index.ts";
import type { Joins } from "./cgroup.ts";

/** How many more processes there may be, and by which limit. */
export interface ProcessRoom {
  left: number;
  limit: string;
}

/** A container can nest its cgroups as deep as it likes. */
const MOST_LEVELS = 32;

function toNumber(text: string): number {
  return text === "max" ? Infinity : Number(text);
}

function roomOf(ours: MountTable, target: CgroupTarget, hierarchy: string, place: string): number {
  let cgroup: number | undefined;
  try {
    cgroup = openCgroup(ours, target, hierarchy, place);
    const read = cgroupReader(cgroup);
    return toNumber(read("pids.max")) - toNumber(read("pids.current"));
  } catch {
    return Infinity; // not to be seen from here, or the root, which has no limit
  } finally {
    if (cgroup !== undefined) closeSync(cgroup);
  }
}

/**
 * By the cgroups of a process, and by those above them that we see.
 *
 * @param joins Those that count: the limits of others hold for nobody who asks.
 */
export function roomInCgroups(proc: Proc, process: Omit<CgroupTarget, "mounts">, joins: Joins): ProcessRoom[] {
  const rooms: ProcessRoom[] = [];
  const ours = new MountTable(proc, "/proc/self");
  const target = { ...process, mounts: new MountTable(proc, process.directory) };
  for (const [hierarchy, own] of parseCgroups(proc.read(`${target.directory}/cgroup`).toString("latin1"))) {
    if (hierarchy !== "" && !hierarchy.split(",").includes("pids")) continue;
    if (!joins(hierarchy)) continue;
    let place = own;
    for (let level = 0; level < MOST_LEVELS; level++) {
      rooms.push({ left: roomOf(ours, target, hierarchy, place), limit: "pids.max of its cgroups" });
      if (place === path.posix.dirname(place)) break;
      place = path.posix.dirname(place);
    }
  }
  return rooms;
}

function threadsOf(proc: Proc, uid: number): number {
  let threads = 0;
  for (const pid of proc.pids()) {
    try {
      const status = readStatus(proc, `/proc/${pid}`);
      if (Number(status.get("Uid")?.split(/\s+/)[0]) === uid) threads += Number(status.get("Threads"));
    } catch {
      // It ended while we looked.
    }
  }
  return threads;
}

/** By the limit of a user's processes, which the kernel does not count for root. */
export function roomOfUser(proc: Proc, directory: string, uid: number): ProcessRoom[] {
  const limit = uid === 0 ? Infinity : readLimit(proc, directory, "Max processes");
  return limit === Infinity ? [] : [{ left: limit - threadsOf(proc, uid), limit: `ulimit -u of user ${uid}` }];
}

/** By the limits of the whole machine. */
export function roomOfMachine(proc: Proc): ProcessRoom[] {
  const read = (file: string): string => proc.read(file).toString("latin1").trim();
  const threads = Number(/\/(\d+) /.exec(read("/proc/loadavg"))?.[1] ?? 0);
  return [
    { left: Number(read("/proc/sys/kernel/threads-max")) - threads, limit: "the kernel's threads-max" },
    { left: Number(read("/proc/sys/kernel/pid_max")) - threads, limit: "the kernel's pid_max" },
  ];
}
