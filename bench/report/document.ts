import type { Description } from "../machine/index.ts";
import type { Summary } from "./summary.ts";
import type { Verdict } from "./verdict.ts";

/** A run, as its JSON file has it. */
export interface Document extends Description {
  options: object;
  runtimes: readonly string[];
  /** Runtimes that could not be had, and why. */
  missingRuntimes: readonly string[];
  /** Whether all that was asked for was measured. */
  isComplete: boolean;
  targets: readonly Verdict[];
  groups: readonly Summary[];
}

/** The machine and what was measured, in a line. */
export function headline({ machine, versions, commit, isDirty }: Description): string {
  const { cpu, cores, memoryMB, kernel } = machine;
  const what = `commit ${commit.slice(0, 12)}${isDirty ? " with changes" : ""}, koffi ${versions["koffi"] ?? "?"}`;
  return `${cores} x ${cpu}, ${memoryMB} MB, Linux ${kernel}; ${what}`;
}
