import { readdirSync } from "node:fs";

import { readStat } from "../container/index.ts";
import { errnoOf } from "../errors/index.ts";
import { accessProc, type Proc } from "../system/index.ts";

/**
 * What a message says of those members that are no zombies: `cp (process 123, state D)`. What a process calls itself is
 * the container's to choose, so nothing of it but letters, digits and a few signs is passed on.
 */
export function describeMembers(group: number): string {
  const proc = accessProc();
  const described = membersOf(group).flatMap((pid) => {
    try {
      const { command, state } = readStat(proc, `/proc/${pid}`);
      return state === "Z" ? [] : [`${command.replace(/[^\w.+-]/g, "?")} (process ${pid}, state ${state})`];
    } catch {
      return []; // it has just ended
    }
  });
  return described.join(", ");
}

/** Undefined for a process that has ended, or that /proc hides. */
function groupOf(proc: Proc, pid: number | string): number | undefined {
  try {
    return readStat(proc, `/proc/${pid}`).group;
  } catch {
    return undefined;
  }
}

/** The members of a process group, zombies too. Throws where /proc cannot be listed. */
export function membersOf(group: number): number[] {
  const proc = accessProc();
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && groupOf(proc, name) === group)
    .map(Number);
}

/** What a process's first thread started, and what that did, at this moment. */
export function descendantsOf(parent: number): number[] {
  const proc = accessProc();
  const found = new Set([parent]);
  // What is added meanwhile is looked at too. Not by recursion: a container chooses how deep this goes.
  for (const pid of found) {
    try {
      const children = proc.read(`/proc/${pid}/task/${pid}/children`).toString("latin1");
      for (const child of children.split(" ")) if (Number(child) > 0) found.add(Number(child));
    } catch (error) {
      // It has just ended, or a kernel without that list: then what it started ends as far as it asked to.
      if (errnoOf(error) === undefined) throw error;
    }
  }
  found.delete(parent);
  return [...found];
}

/** What a process started that /proc hides: whether that is in its group is not known. */
export function hiddenDescendantsOf(parent: number): number[] {
  const proc = accessProc();
  return descendantsOf(parent).filter((pid) => groupOf(proc, pid) === undefined);
}
