import type { Proc } from "../system/index.ts";
import { readProcess, type ProcessEntry } from "./processes.ts";

/** The uppermost of those above a process that are in the same container. */
function topOf(proc: Proc, pid: number, pids: ReadonlySet<number>): ProcessEntry | undefined {
  let top: ProcessEntry | undefined;
  const seen = new Set<number>();
  for (let at = pid; pids.has(at) && !seen.has(at);) {
    seen.add(at);
    const entry = readProcess(proc, at);
    if (!entry) break;
    top = entry;
    at = entry.parent;
  }
  return top;
}

/**
 * The main process of our own container, which may have thousands: the oldest that is above us, or above the one with the lowest
 * number, for we may have been made an orphan.
 */
export function agentMain(proc: Proc, pids: ReadonlySet<number>): ProcessEntry[] {
  // /proc lists them in the order of their numbers.
  const [lowest = process.pid] = pids;
  return [topOf(proc, process.pid, pids), topOf(proc, lowest, pids)]
    .filter((entry) => entry !== undefined)
    .toSorted((one, other) => one.startTime - other.startTime || one.pid - other.pid);
}
