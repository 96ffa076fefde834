import type { Proc } from "../system/index.ts";

/** RLIMIT_* by the name that /proc/PID/limits has for it, from asm-generic/resource.h (the same on x86 and ARM). */
const RESOURCES: Readonly<Record<string, number>> = {
  "Max cpu time": 0,
  "Max file size": 1,
  "Max data size": 2,
  "Max stack size": 3,
  "Max core file size": 4,
  "Max resident set": 5,
  "Max processes": 6,
  "Max open files": 7,
  "Max locked memory": 8,
  "Max address space": 9,
  "Max file locks": 10,
  "Max pending signals": 11,
  "Max msgqueue size": 12,
  "Max nice priority": 13,
  "Max realtime priority": 14,
  "Max realtime timeout": 15,
};
const INFINITY = (1n << 64n) - 1n;

/** One resource limit, getrlimit(2). */
export interface ResourceLimit {
  resource: number;
  soft: bigint;
  hard: bigint;
}

function value(text: string): bigint {
  return text === "unlimited" ? INFINITY : BigInt(text);
}

/** Parses /proc/PID/limits. */
export function parseLimits(text: string): ResourceLimit[] {
  return text.split("\n").flatMap((line) => {
    const [, name = "", soft = "", hard = ""] = /^(Max .+?) {2,}(\S+) +(\S+)/.exec(line) ?? [];
    const resource = RESOURCES[name];
    return resource === undefined ? [] : [{ resource, soft: value(soft), hard: value(hard) }];
  });
}

/** The soft limit of a process for one resource; Infinity where there is none. */
export function readLimit(proc: Proc, directory: string, name: "Max processes" | "Max open files"): number {
  const limits = parseLimits(proc.read(`${directory}/limits`).toString("latin1"));
  const soft = limits.find(({ resource }) => resource === RESOURCES[name])?.soft ?? INFINITY;
  return soft === INFINITY ? Infinity : Number(soft);
}

/** The limits of a process that are not ours. */
export function readForeignLimits(proc: Proc, directory: string): ResourceLimit[] {
  const read = (of: string): ResourceLimit[] => parseLimits(proc.read(`${of}/limits`).toString("latin1"));
  const ours = read("/proc/self");
  return read(directory).filter(
    ({ resource, soft, hard }) =>
      !ours.some((own) => own.resource === resource && own.soft === soft && own.hard === hard),
  );
}

/** The oom_score_adj of a process where it is not ours. */
export function readForeignOomScore(proc: Proc, directory: string): number | undefined {
  const read = (of: string): number => Number(proc.read(`${of}/oom_score_adj`).toString("latin1"));
  const theirs = read(directory);
  return theirs === read("/proc/self") ? undefined : theirs;
}
