import { unlinkSync } from "node:fs";
import path from "node:path";

import { errnoOf, ExecutorError, invalidOption } from "../errors/index.ts";
import { accessProc, Descriptors, relativeBelow } from "../system/index.ts";
import { requireString } from "./strings.ts";
import type { StepScript } from "./prepared-step.ts";

/** The volume that both containers mount. */
export interface SharedRoot {
  /** Where we see it. */
  readonly ours: string;
  /** Where the container sees it. */
  readonly theirs: string;
  /** A descriptor of the directory, so that swapping a part of its path for a link changes nothing. */
  readonly fd: number;
  close(): void;
}

function requireAbsolute(name: string, value: string): string {
  requireString(value, name);
  if (!path.posix.isAbsolute(value)) {
    throw invalidOption(`${name} ${JSON.stringify(value)} is not an absolute path`, "give the whole path, from /");
  }
  const normal = path.posix.normalize(value);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/**
 * Opens the shared root.
 *
 * @param sharedRoot The shared volume as this process sees it.
 * @param containerRoot The same volume as the container sees it; by default the same path.
 * @throws ExecutorError INVALID_OPTION or SHARED_ROOT.
 */
export function openSharedRoot(sharedRoot: string, containerRoot: string = sharedRoot): SharedRoot {
  const ours = requireAbsolute("the shared root", sharedRoot);
  const theirs = requireAbsolute("the container root", containerRoot);
  try {
    const descriptors = new Descriptors();
    return { ours, theirs, fd: descriptors.directory(ours), close: () => descriptors.close() };
  } catch (cause) {
    const errno = errnoOf(cause) ?? "";
    const why =
      { ENOENT: "does not exist", ENOTDIR: "is not a directory", EACCES: "may not be entered" }[errno] ??
      `cannot be opened (${errno})`;
    throw new ExecutorError("SHARED_ROOT", {
      problem: `the shared root ${ours} ${why}`,
      remedy: "mount the shared volume there in this container, or leave the shared root out",
      cause,
      details: { path: ours, errno },
    });
  }
}

/**
 * Where we find a script file: through the descriptor, so that no part of the path can be swapped for a link; where
 * /proc may not be opened, the path as it was given.
 */
export function scriptPath(script: Pick<StepScript, "name">, root: SharedRoot): string {
  return path.join(accessProc().canOpen ? `/proc/self/fd/${root.fd}` : root.ours, script.name);
}

/** Removes a script file that its helper could not remove. It may be gone, and a container may have put anything there. */
export function removeScript(script: StepScript, root: SharedRoot): void {
  if (script.transport !== "file") return;
  try {
    unlinkSync(scriptPath(script, root));
  } catch {
    // Whatever it was, the caller has the worse to tell: that the helper was lost.
  }
}

/** Our path as the container sees it, where it is on the shared volume; undefined where it is not. */
export function toContainerPath(root: Pick<SharedRoot, "ours" | "theirs">, ourPath: string): string | undefined {
  const relative = relativeBelow(root.ours, path.posix.normalize(ourPath));
  if (relative === undefined) return undefined;
  return relative === "" ? root.theirs : path.posix.join(root.theirs, relative);
}
