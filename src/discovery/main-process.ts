import type { Proc } from "../system/index.ts";
import { readProcess, type ProcessEntry } from "./processes.ts";

/**
 * Those that are no child of another, the oldest first: the first of them is the main process. That its parent is not to be
 * seen is no sign of it: so is that of whatever `kubectl exec` starts.
 */
export function mainCandidates(proc: Proc, pids: ReadonlySet<number>): ProcessEntry[] {
  return [...pids]
    .flatMap((pid) => readProcess(proc, pid) ?? [])
    .filter(({ parent }) => !pids.has(parent))
    .toSorted((one, other) => one.startTime - other.startTime || one.pid - other.pid);
}
