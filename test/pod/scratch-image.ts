import { spawnSync } from "node:child_process";

import type { Podman } from "./podman.ts";

/** An image that holds nothing: no directory, no file. */
export const SCRATCH_IMAGE = "localhost/k8s-executor-scratch";

/** An image of an empty root directory. */
export function makeScratchImage(podman: Podman): void {
  if (podman.hasImage(SCRATCH_IMAGE)) return;
  const { status, stdout, stderr } = spawnSync("tar", ["-c", "--files-from", "/dev/null"]);
  if (status !== 0) throw new Error(`tar failed: ${stderr.toString()}`);
  podman.run(["import", "-", SCRATCH_IMAGE], stdout);
}
