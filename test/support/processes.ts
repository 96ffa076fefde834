import { readdirSync, readFileSync } from "node:fs";

/** The processes whose command line begins with these words. */
export function processesOf(...words: string[]): number[] {
  const wanted = words.map((word) => `${word}\0`).join("");
  return readdirSync("/proc")
    .filter((name) => {
      try {
        return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "latin1").startsWith(wanted);
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}
