import { readStat, type ProcessStat } from "../container/index.ts";
import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";

/** A process that we see, and the container that it is in. */
export interface SeenProcess {
  pid: number;
  /** What /proc/PID/ns/mnt links to; undefined where we may not look. */
  mountNamespace: string | undefined;
}

/** A process, as far as it tells which of its container's is the main one. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  /** In clock ticks since boot. */
  startTime: number;
  /** As in proc_pid_stat(5). */
  state: string;
}

/** Errors of a process that ended meanwhile, or is a zombie, which is in no namespace; without privilege that is not even said. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ESRCH"]);

/** Errors of one that we may not look into. */
const REFUSED: ReadonlySet<string> = new Set(["EACCES", "EPERM"]);

/** Runs what reads of a process; undefined where it has ended. */
export function unlessGone<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (GONE.has(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}

function readMountNamespace(proc: Proc, pid: number): string | undefined {
  try {
    return proc.link(`/proc/${pid}/ns/mnt`);
  } catch (error) {
    if (REFUSED.has(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}

/** All processes that we see but zombies. */
export function scanProcesses(proc: Proc): SeenProcess[] {
  return proc.pids().flatMap((pid) => {
    return unlessGone(() => [{ pid, mountNamespace: readMountNamespace(proc, pid) }]) ?? [];
  });
}

/** Of a process that /proc hides (hidepid=noaccess), not even that is told. */
function readStatUnlessHidden(proc: Proc, pid: number): ProcessStat | undefined {
  try {
    return readStat(proc, `/proc/${pid}`);
  } catch (error) {
    if (REFUSED.has(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}

/** What is to be known of a process; undefined where it has ended, also as a zombie, is hidden, or is a kernel thread. */
export function readProcess(proc: Proc, pid: number): ProcessEntry | undefined {
  return unlessGone(() => {
    const stat = readStatUnlessHidden(proc, pid);
    if (!stat) return undefined;
    const { parent, startTime, state, isKernelThread } = stat;
    return isKernelThread || state === "Z" || state === "X"
      ? undefined
      : { pid, parent, startTime: Number(startTime), state };
  });
}
