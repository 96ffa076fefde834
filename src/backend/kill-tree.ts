import { readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { permissionDenied, type Container } from "../container/index.ts";
import { markedProcesses } from "./marked.ts";
import { descendantsOf, membersOf } from "./process-group.ts";

/** A process that is killed is gone within milliseconds, unless it sleeps uninterruptibly. */
const KILL_ROUNDS = 100;
const BETWEEN_ROUNDS_MS = 5;

function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false; // ESRCH: it has ended, or leads no group
  }
}

/** Whether a process is one of our helpers, or calls itself so: another process may have got the number of one that ended. */
export function isOurs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("k8s-executor-helper\0");
  } catch {
    return false; // it has ended
  }
}

/**
 * Kills a helper that does not answer, and first what it started: a step leads its process group. While the helper is
 * there, nobody else reaps its children, so their numbers are their own.
 *
 * @param helper Its pid, which nobody has reaped yet.
 */
export function killTree(helper: number): void {
  for (const pid of descendantsOf(helper)) if (!kill(-pid)) kill(pid);
  kill(helper);
}

function mountNamespaceOf(pid: number | "self"): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return ""; // it has just ended, or is a zombie
  }
}

/**
 * Kills what a step left whose helper or subreaper is gone: the members of its process group, what a subreaper still holds,
 * and whatever has its mark. Numbers may by now be somebody else's, so only processes in the container's mount namespace
 * count.
 *
 * @param child The helper's child: the leader of the group, or the subreaper (native/step/subreaper.c), which waits for this.
 */
export async function killOrphans(child: number | undefined, id: string, container: Container): Promise<void> {
  const its = mountNamespaceOf(container.pid);
  if (its === "" || its === mountNamespaceOf("self")) return;
  const ofChild = (): number[] => (child === undefined ? [] : [...membersOf(child), ...descendantsOf(child)]);
  // What is killed orphans what it started, and a zombie is in no namespace: so until nobody is left.
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const found = [...ofChild(), ...(await markedProcesses(id, its))];
    const left = found.filter((pid) => pid !== child && mountNamespaceOf(pid) === its);
    for (const pid of left) kill(pid);
    if (left.length === 0) break;
    await delay(BETWEEN_ROUNDS_MS);
  }
  if (child !== undefined && mountNamespaceOf(child) === its) kill(child);
}

/**
 * Kills what a step has left in the background, once its helper is gone.
 *
 * @throws ExecutorError PERMISSION_DENIED where /proc hides processes: what it does not show may be there all the same.
 */
export async function killLeftovers(id: string, container: Container): Promise<void> {
  await killOrphans(undefined, id, container);
  if (container.hiding === undefined) return;
  throw permissionDenied(
    `find all that the step left, for /proc hides processes (hidepid=${container.hiding})`,
    ["CAP_SYS_PTRACE"],
    undefined,
    { hidepid: container.hiding },
  );
}
