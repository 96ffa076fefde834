import { closeSync, constants, fchmodSync, fchownSync, fstatSync, openSync, unlinkSync, writeSync } from "node:fs";

import type { Identity } from "../../container/index.ts";
import { errnoOf, ExecutorError } from "../../errors/index.ts";
import { scriptPath, type SharedRoot, type StepScript } from "../../step/index.ts";

/**
 * What the volume refuses is no failure yet: what counts is whether the step can read the file, and the wrapper looks. The
 * mode is never made wider. As native/step/script.c does.
 */
function giveTo({ ourUid, ourGid }: Identity, fd: number): string | undefined {
  try {
    fchmodSync(fd, 0o700);
  } catch {
    // A volume without modes; made with this one, so only our umask could be missing.
  }
  try {
    const { uid, gid } = fstatSync(fd);
    if (uid !== ourUid || gid !== ourGid) fchownSync(fd, ourUid, ourGid);
    return undefined;
  } catch (error) {
    return errnoOf(error) ?? String(error);
  }
}

/** A script file in the shared root, made by us: nsenter has no helper that would do it. */
export class ScriptFile {
  readonly #path: string;
  /** Why it could not be given to its reader; undefined where it was. */
  readonly refusal: string | undefined;

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
        this.refusal = giveTo(owner, fd);
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
