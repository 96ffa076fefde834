import { ExecutorError } from "../errors/index.ts";
import type { Guest } from "../guest.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { problemOf, unexpected } from "./guarded.ts";
import { byHand, type Mend } from "./mend.ts";

/** A comment to every shell, and to most other interpreters. */
const SCRIPT = "# by k8s-executor doctor";
const LIMITS = { timeout: 2000, forceKillAfterDelay: 500, buffer: false } as const;
const ABSENT: ReadonlySet<string> = new Set(["COMMAND_NOT_FOUND", "COMMAND_NOT_EXECUTABLE"]);

/** What became of a script. */
export interface Script {
  /** Of the shell, or of the shared root. */
  finding: Finding;
  /** Whether the shell that a script has by default is there. */
  hasShell: boolean;
}

/** An image without a shell still runs programs, so that only the shell that somebody asked for is missing. */
function absent(guest: Guest, error: ExecutorError): Finding {
  const { shell } = guest.defaults;
  const what = problemOf(error);
  if (shell === undefined) {
    return fault("shell", "degraded", {
      what,
      effect: "programs run (exec), scripts do not",
      mend: byHand("use an image that has a shell, or run programs only"),
    });
  }
  return fault("shell", "missing", {
    what: `${what}; it is the shell that is configured for this container`,
    effect: "scripts do not run, unless they name another",
    mend: byHand(`install ${shell} in the container's image, or configure a shell that is there`),
  });
}

/**
 * Runs a script that does nothing, by the container's default shell. That the shell does not exist is told only after the
 * script was found, by the container's user.
 *
 * @param mend Of the shared root, where the script is handed over through one.
 */
export async function checkScript(guest: Guest, mend: Mend | undefined): Promise<Script> {
  const shell = guest.defaults.shell ?? "sh";
  try {
    const { exitCode, timedOut } = await guest.run({ ...LIMITS, script: SCRIPT });
    if (exitCode === 0) return { finding: ok("shell", `${shell}, which runs scripts`), hasShell: true };
    const how = timedOut ? `did not end within ${LIMITS.timeout / 1000} s, and was killed` : "failed";
    const finding = fault("shell", "degraded", {
      what: `${shell} is there, and ${how}, at a script that holds a comment only`,
      effect: "scripts may not run as those of a shell do",
      mend: byHand("see what that program is in the container's image"),
    });
    return { finding, hasShell: true };
  } catch (error) {
    if (error instanceof ExecutorError && ABSENT.has(error.code)) {
      return { finding: absent(guest, error), hasShell: false };
    }
    if (!mend) return { finding: unexpected("shell", error), hasShell: false };
    const finding = fault("shared-root", "missing", {
      what: problemOf(error),
      effect: "scripts do not run",
      mend: error instanceof ExecutorError && error.code !== "SHARED_ROOT" ? { ...mend, text: error.remedy } : mend,
    });
    return { finding, hasShell: false };
  }
}
