import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { killIfAlive } from "./children.ts";

/** A volume that refuses what some network file systems refuse, and a container that has it at the same path. */
export interface RefusingVolume {
  /** Where both see it. */
  directory: string;
  pid: number;
  close(): Promise<void>;
}

/**
 * Mounts one by bindfs(1).
 *
 * @param refusals Options of bindfs, as `--chown-deny`.
 * @param uid The user of the container's main process.
 */
export async function refusingVolume(refusals: readonly string[], uid = 0): Promise<RefusingVolume> {
  const place = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-volume-"));
  const directory = path.join(place, "mounted");
  for (const made of [directory, path.join(place, "source")]) mkdirSync(made);
  for (const open of [place, path.join(place, "source")]) chmodSync(open, 0o755);
  const mounted = spawnSync("bindfs", [...refusals, path.join(place, "source"), directory], { encoding: "utf8" });
  if (mounted.status !== 0) throw new Error(`bindfs failed: ${mounted.stderr}`);
  const become = uid === 0 ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"];
  const child = spawn("unshare", ["--mount", ...become, "sh", "-c", "echo ready; exec sleep infinity"], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: "/",
  });
  await once(child.stdout, "data");
  return {
    directory,
    pid: child.pid as number,
    async close() {
      const exited = once(child, "exit");
      killIfAlive(child.pid as number);
      await exited;
      spawnSync("umount", [directory]);
      rmSync(place, { recursive: true, force: true });
    },
  };
}
