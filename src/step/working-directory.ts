import path from "node:path";

import type { MainDirectory } from "../container/index.ts";
import { ExecutorError, invalidOption } from "../errors/index.ts";
import { toContainerPath, type SharedRoot } from "./shared-root.ts";
import { requireString } from "./strings.ts";

/** Where a step is to run. */
export interface StepDirectory {
  /** A path in the container. */
  path: string;
  /** Whether a caller asked for it. If not, a step that cannot be there runs in "/". */
  isWanted: boolean;
  /** One sentence where it is not the main process's own although it should be. */
  warning: string | undefined;
}

/**
 * The working directory of a step.
 *
 * @param cwd A path in the container, or below the shared root as we see it (then it is mapped); relative to the main
 *   process's own working directory; by default that directory.
 * @param main The working directory of the container's main process.
 * @param sharedRoot The shared volume, if there is one.
 */
export function resolveCwd(
  cwd: string | undefined,
  main: MainDirectory,
  sharedRoot: SharedRoot | undefined,
): StepDirectory {
  const base = main.problem && `the working directory of the container's main process ${main.problem}`;
  if (cwd === undefined) {
    return { path: main.path, isWanted: false, warning: base && `${base}; the step runs in /` };
  }
  requireString(cwd, "the working directory");
  if (cwd === "") throw invalidOption("the working directory is empty", "give a path, or leave it out");
  if (!path.posix.isAbsolute(cwd)) {
    // What was asked for is not known, and another directory is not what was asked for.
    if (base) {
      throw new ExecutorError("WORKING_DIRECTORY", {
        problem: `the working directory ${JSON.stringify(cwd)} is relative, and ${base}`,
        remedy: "give a path from /",
      });
    }
    return { path: path.posix.join(main.path, cwd), isWanted: true, warning: undefined };
  }
  const mapped = sharedRoot && toContainerPath(sharedRoot, cwd);
  return { path: mapped ?? cwd, isWanted: true, warning: undefined };
}
