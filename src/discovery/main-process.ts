import type { Proc } from "../system/index.ts";
import { readProcess, type ProcessEntry } from "./processes.ts";

/** Those that are no child of another, the oldest first: the first of them is the main process. */
export function mainCandidates(proc: Proc, pids: ReadonlySet<number>): ProcessEntry[] {
  return [...pids]
    .flatMap((pid) => readProcess(proc, pid) ?? [])
    .filter(({ parent }) => !pids.has(parent))
    .toSorted((one, other) => one.startTime - other.startTime || one.pid - other.pid);
}

/** The uppermost of those above us that are in our own container. */
function ourTop(proc: Proc, pids: ReadonlySet<number>): ProcessEntry | undefined {
  let top: ProcessEntry | undefined;
  for (let pid = process.pid; pids.has(pid);) {
    const entry = readProcess(proc, pid);
    if (!entry) break;
    top = entry;
    pid = entry.parent;
  }
  return top;
}

/**
 * The main process of our own container, which may have thousands of processes. One that the runtime put there has a
 * parent that we do not see; where none above us is so, we may have been made an orphan, and all are asked.
 */
export function ourMain(proc: Proc, pids: ReadonlySet<number>): ProcessEntry[] {
  const top = ourTop(proc, pids);
  return top?.parent === 0 ? [top] : mainCandidates(proc, pids);
}
