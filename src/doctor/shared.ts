import { ExecutorError } from "../errors/index.ts";
import { openSharedRoot, type SharedRoot } from "../step/index.ts";
import { fault, type Finding } from "./finding.ts";
import { problemOf } from "./guarded.ts";
import { byHand, type Mend } from "./mend.ts";
import type { DoctorOptions } from "./options.ts";
import { shareVolume } from "./volume.ts";

/** The shared root on our side. */
export interface Shared {
  root: SharedRoot | undefined;
  /** Where there is none that could be looked at from the containers. */
  finding: Finding | undefined;
}

/**
 * Opens the shared root, as connect() would.
 *
 * @param agent The name of our container.
 * @param guests The names of the others.
 * @throws ExecutorError INVALID_OPTION for what cannot be right, wherever it is.
 */
export function openShared(
  { sharedRoot, containerRoot }: DoctorOptions,
  agent: string,
  guests: readonly string[],
): Shared {
  if (sharedRoot === undefined) {
    return {
      root: undefined,
      finding: fault("shared-root", "degraded", {
        what: "none was named",
        effect: "scripts travel in memory, and steps see none of the agent's files",
        mend: shareVolume(agent, guests),
      }),
    };
  }
  try {
    return { root: openSharedRoot(sharedRoot, containerRoot), finding: undefined };
  } catch (error) {
    if (error instanceof ExecutorError && error.code === "INVALID_OPTION") throw error;
    return {
      root: undefined,
      finding: fault("shared-root", "missing", {
        what: problemOf(error),
        effect: "no step runs: each one asks for it",
        mend: mendOf(error) ?? shareVolume(agent, guests, { ours: sharedRoot, theirs: containerRoot ?? sharedRoot }),
      }),
    };
  }
}

/** Where the volume is there. */
function mendOf(error: unknown): Mend | undefined {
  if (!(error instanceof ExecutorError)) return undefined;
  return error.details["errno"] === "EACCES" ? byHand("let the agent's user enter it") : undefined;
}
