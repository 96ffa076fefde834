import { readStat } from "../container/index.ts";
import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";

/** A process, as far as it tells which container it belongs to. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  /** In clock ticks since boot. */
  startTime: number;
  /** As in proc_pid_stat(5). */
  state: string;
  /** What /proc/PID/ns/mnt links to; undefined where we may not look. */
  mountNamespace: string | undefined;
}

/** Errors of a process that ended meanwhile, or is a zombie, which is in no namespace. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ESRCH"]);

function readMountNamespace(proc: Proc, pid: number): string | undefined {
  try {
    return proc.link(`/proc/${pid}/ns/mnt`);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "EACCES" || errno === "EPERM") return undefined;
    throw error;
  }
}

function readProcess(proc: Proc, pid: number): ProcessEntry[] {
  try {
    const mountNamespace = readMountNamespace(proc, pid);
    const { parent, startTime, state, isKernelThread } = readStat(proc, `/proc/${pid}`);
    return isKernelThread ? [] : [{ pid, parent, startTime: Number(startTime), state, mountNamespace }];
  } catch (error) {
    if (GONE.has(errnoOf(error) ?? "")) return [];
    throw error;
  }
}

/** All processes that we see but kernel threads and zombies. */
export function scanProcesses(proc: Proc): ProcessEntry[] {
  return proc.pids().flatMap((pid) => readProcess(proc, pid));
}
