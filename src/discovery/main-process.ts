import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";
import { readProcess, type ProcessEntry } from "./processes.ts";

/** The numbers of 2^17 processes; what is cut off is looked at one by one. */
const CHILDREN_LIMIT = 1024 * 1024;
/** So many more processes are asked for their children than children were found, before that is not worth it any more. */
const IN_VAIN = 8;

/** The processes that the first thread of this one started; none where that is not to be had (CONFIG_PROC_CHILDREN). */
function readChildren(proc: Proc, pid: number): number[] {
  try {
    const text = proc.read(`/proc/${pid}/task/${pid}/children`, CHILDREN_LIMIT).toString("latin1");
    // A space follows each: a number without it was cut off, and would be another process.
    return text.split(" ").slice(0, -1).map(Number);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

/**
 * Leaves out those that are listed as another's children, which for a server with many of them saves the reading of each. Not all
 * need be listed (those of other threads are not), but what is listed is a child.
 */
function withoutListedChildren(proc: Proc, pids: ReadonlySet<number>): Set<number> {
  const left = new Set(pids);
  const unasked = new Set(pids);
  let inVain = 0;
  // Mostly a parent has the lower number.
  for (const pid of [...pids].toSorted((one, other) => one - other)) {
    if (unasked.size === 0 || inVain > IN_VAIN) break;
    unasked.delete(pid);
    inVain++;
    for (const child of readChildren(proc, pid)) {
      if (left.delete(child)) inVain--;
      unasked.delete(child);
    }
  }
  return left;
}

/**
 * Those that are no child of another, the oldest first: the first of them is the main process. That its parent is not to be
 * seen is no sign of it: so is that of whatever `kubectl exec` starts.
 */
export function mainCandidates(proc: Proc, pids: ReadonlySet<number>): ProcessEntry[] {
  return [...withoutListedChildren(proc, pids)]
    .flatMap((pid) => readProcess(proc, pid) ?? [])
    .filter(({ parent }) => !pids.has(parent))
    .toSorted((one, other) => one.startTime - other.startTime || one.pid - other.pid);
}
