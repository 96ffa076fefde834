import { readdirSync } from "node:fs";

import { readStat } from "../container/index.ts";
import { accessProc } from "../system/index.ts";

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

/** The members of a process group, zombies too. Throws where /proc cannot be listed. */
export function membersOf(group: number): number[] {
  const proc = accessProc();
  return readdirSync("/proc")
    .filter((name) => {
      if (!/^\d+$/.test(name)) return false;
      try {
        return readStat(proc, `/proc/${name}`).group === group;
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}
