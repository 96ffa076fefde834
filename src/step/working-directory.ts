import path from "node:path";

import { invalidOption } from "../errors/index.ts";
import { toContainerPath, type SharedRoot } from "./shared-root.ts";
import { requireString } from "./strings.ts";

/**
 * The working directory of a step, as a path in the container.
 *
 * @param cwd A path in the container, or below the shared root as we see it (then it is mapped); relative to the main
 *   process's own working directory; by default that directory.
 * @param containerCwd The working directory of the container's main process.
 * @param sharedRoot The shared volume, if there is one.
 */
export function resolveCwd(cwd: string | undefined, containerCwd: string, sharedRoot: SharedRoot | undefined): string {
  if (cwd === undefined) return containerCwd;
  requireString(cwd, "the working directory");
  if (cwd === "") throw invalidOption("the working directory is empty", "give a path, or leave it out");
  if (!path.posix.isAbsolute(cwd)) return path.posix.join(containerCwd, cwd);
  const mapped = sharedRoot && toContainerPath(sharedRoot, cwd);
  return mapped ?? cwd;
}
