import type { Guest, StepResult } from "../index.ts";
import { formatDuration } from "./duration.ts";

/** Which container it is: by its name, if it has one. */
export function describeGuest({ pid, names }: Pick<Guest, "pid" | "names">): string {
  const [known] = names;
  return known ? `the container ${known.name}, process ${pid}` : `the container of process ${pid}`;
}

/** The first line of a step: what runs where. Of a script only its shell, of a program only its name: both may hold secrets. */
export function header(command: string, cwd: string, guest: Pick<Guest, "pid" | "names" | "backend">): string {
  return `running ${command} in ${cwd}, in ${describeGuest(guest)} (${guest.backend})`;
}

/**
 * Its last line: how it ended, and when.
 *
 * @param status The exit status that we have for it.
 * @param signalledBy The signal by which it was cancelled.
 */
export function footer(result: StepResult, status: number, signalledBy: NodeJS.Signals | undefined): string {
  const after = `after ${formatDuration(result.durationMs)}`;
  const exit = `(exit status ${status})`;
  if (result.timedOut) return `failed: timed out ${after} ${exit}`;
  if (signalledBy !== undefined) return `cancelled by ${signalledBy} ${after} ${exit}`;
  if (result.outOfMemory) return `failed: out of memory, the kernel's OOM killer ended it ${after} ${exit}`;
  if (result.signal !== undefined) return `failed: killed by ${result.signal} ${after} ${exit}`;
  return `${status === 0 ? "succeeded" : "failed"} ${after} ${exit}`;
}
