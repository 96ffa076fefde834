import { closeSync, constants, fchmodSync, fchownSync, openSync, unlinkSync, writeSync } from "node:fs";

import type { Identity } from "../../container/index.ts";
import { errnoOf, ExecutorError } from "../../errors/index.ts";
import { scriptPath, type SharedRoot, type StepScript } from "../../step/index.ts";

/** A script file in the shared root, made by us: nsenter has no helper that would do it. */
export class ScriptFile {
  readonly #path: string;

  /** @throws ExecutorError SHARED_ROOT. */
  constructor(script: StepScript, root: SharedRoot, owner: Identity) {
    this.#path = scriptPath(script, root);
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
    let created = false;
    try {
      const fd = openSync(this.#path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o700);
      created = true;
      try {
        for (let at = 0; at < script.bytes.length;) at += writeSync(fd, script.bytes, at);
        fchmodSync(fd, 0o700);
        fchownSync(fd, owner.ourUid, owner.ourGid);
      } finally {
        closeSync(fd);
      }
    } catch (cause) {
      if (created) this.remove();
      const errno = errnoOf(cause) ?? "";
      if (errno === "EMFILE" || errno === "ENFILE") throw cause; // not the volume's fault
      throw new ExecutorError("SHARED_ROOT", {
        problem: `the script cannot be written to the shared root ${root.ours} (${errno})`,
        remedy: "make the shared volume writable for the agent, with space left",
        cause,
        details: { errno, stage: "script" },
      });
    }
  }

  remove(): void {
    try {
      unlinkSync(this.#path);
    } catch (error) {
      // The script may have removed itself, and put anything in its place.
      if (!["ENOENT", "EISDIR"].includes(errnoOf(error) ?? "")) throw error;
    }
  }
}
