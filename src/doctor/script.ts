import { randomUUID } from "node:crypto";

import { ExecutorError } from "../errors/index.ts";
import type { Guest } from "../guest.ts";
import { fault, type Finding } from "./finding.ts";
import { problemOf } from "./guarded.ts";
import type { Mend } from "./mend.ts";

/**
 * Hands a script over, to a shell that does not exist: that is told only after the script was found, by the container's
 * user, so it needs no program in the container. Only nsenter itself needs its sh.
 *
 * @returns Undefined where all is well.
 */
export async function checkScript(guest: Guest, mend: Mend): Promise<Finding | undefined> {
  const shell = guest.backend === "nsenter" ? "sh" : `/${randomUUID()}`;
  try {
    await guest.run({ shell, script: ":", timeout: 2000, forceKillAfterDelay: 500, buffer: false });
    return undefined;
  } catch (error) {
    if (error instanceof ExecutorError && error.code === "COMMAND_NOT_FOUND") return undefined;
    return fault("shared-root", "missing", {
      what: problemOf(error),
      effect: "scripts do not run",
      mend: error instanceof ExecutorError && error.code !== "SHARED_ROOT" ? { ...mend, text: error.remedy } : mend,
    });
  }
}
