import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { CACHE } from "../support/programs.ts";
import type { FileResult } from "./run-file.ts";

/** How long each file took when it ran last on this machine. Only the order depends on it. */
const FILE = path.join(CACHE, "durations.json");

type Durations = Record<string, number>;

function readDurations(): Durations {
  try {
    return JSON.parse(readFileSync(FILE, "utf8")) as Durations;
  } catch {
    return {}; // there was no run yet, or it was cut off while it wrote
  }
}

/** The longest first, so that none of those is left at the end; before them, those of which nothing is known. */
export function longestFirst(files: readonly string[]): string[] {
  const durations = readDurations();
  const of = (file: string): number => durations[file] ?? Number.MAX_SAFE_INTEGER;
  return files.toSorted((one, other) => of(other) - of(one));
}

/** Keeps how long these took for the next run. */
export function keepDurations(results: readonly FileResult[]): void {
  const ours = results.filter(({ file }) => !file.startsWith(".."));
  if (ours.length === 0) return;
  const durations = readDurations();
  for (const { file, milliseconds } of ours) durations[file] = Math.round(milliseconds);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(FILE, JSON.stringify(durations, undefined, 2));
}
