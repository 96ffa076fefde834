import { readdirSync, readFileSync } from "node:fs";

function processesWhere(fits: (commandLine: string) => boolean): number[] {
  return readdirSync("/proc")
    .filter((name) => {
      try {
        return /^\d+$/.test(name) && fits(readFileSync(`/proc/${name}/cmdline`, "latin1"));
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}

/** The processes whose command line begins with these words. */
export function processesOf(...words: string[]): number[] {
  const wanted = words.map((word) => `${word}\0`).join("");
  return processesWhere((commandLine) => commandLine.startsWith(wanted));
}

/** The processes that have this as one of their arguments. */
export function processesWith(argument: string): number[] {
  return processesWhere((commandLine) => commandLine.split("\0").includes(argument));
}
