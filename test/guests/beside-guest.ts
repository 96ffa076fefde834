/**
 * Runs programs one after the other, with a throw-away guest called maven beside them, and prints a line of JSON for each when it has
 * ended. In a pid namespace of its own, so that it is the only one:
 *
 *   unshare --pid --fork --kill-child --mount-proc node --import tsx beside-guest.ts PROGRAM...
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";

import { makeGuest } from "./guest.ts";

/** How a program ended. */
export interface Ended {
  status: number | null;
  stderr: string;
}

/** Far more than any of them takes. */
const PATIENCE_MS = 60_000;

// In a user namespace that one who is not root has made, nobody may choose his groups; so the guest has one of its own, as elsewhere.
const userNamespace = readFileSync("/proc/self/setgroups", "utf8") === "deny\n";
const guest = await makeGuest({ namespaces: "mnt", userNamespace, env: { K8S_EXECUTOR_CONTAINER: "maven" } });
try {
  for (const program of process.argv.slice(2)) {
    const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", program], {
      env: { ...process.env, GO_K8S_CONTAINER_PID: String(guest.pid) },
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
      timeout: PATIENCE_MS,
      killSignal: "SIGKILL",
    });
    const ended: Ended = { status, stderr };
    writeSync(1, `${JSON.stringify(ended)}\n`);
  }
} finally {
  await guest.close();
}
