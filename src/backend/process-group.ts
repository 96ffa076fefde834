import { readdirSync } from "node:fs";

import { readStat } from "../container/index.ts";
import { accessProc } from "../system/index.ts";

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
