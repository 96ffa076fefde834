import { missingCapabilities } from "../container/index.ts";
import { ExecutorError } from "../errors/index.ts";
import type { Guest } from "../guest.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { grant } from "./grant.ts";
import { problemOf, unexpected } from "./guarded.ts";
import { byHand, type Mend } from "./mend.ts";
import { mendOf, type cannotEnter } from "./refusal.ts";

/** A comment to every shell, and to most other interpreters. */
const SCRIPT = "# by k8s-executor doctor";
const LIMITS = { timeout: 2000, forceKillAfterDelay: 500, buffer: false } as const;
const ABSENT: ReadonlySet<string> = new Set(["COMMAND_NOT_FOUND", "COMMAND_NOT_EXECUTABLE"]);

/** The agent's container, and the user of the other's main process. */
type Who = Parameters<typeof cannotEnter>[1];

/** What became of a script. */
export interface Script {
  /** Of the shell, where it was looked at. */
  finding?: Finding | undefined;
  /** Of the shared root, where something is wrong with that. */
  shared?: Finding | undefined;
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

/** A mount mends only that the script is not where it should be. */
const NOT_THERE: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR"]);

function notHandedOver(error: unknown, share: Mend, { agent, uid }: Who): Finding {
  const isNotThere = error instanceof ExecutorError && NOT_THERE.has(error.details["errno"]);
  return fault("shared-root", "missing", {
    what: problemOf(error),
    effect: "scripts do not run",
    mend: isNotThere ? share : mendOf(agent, uid, error),
  });
}

/** The script ran, but not from its file. */
function inMemory(warnings: readonly string[], { agent }: Who): Finding {
  const lacksChown = missingCapabilities(["CAP_CHOWN"]).length > 0;
  return fault("shared-root", "degraded", {
    what: warnings.join("; "),
    effect: "scripts run from memory, which some interpreters, such as node, cannot read",
    mend: lacksChown ? grant(agent, ["CAP_CHOWN"]) : byHand("run the agent as the container's user"),
  });
}

/**
 * Runs a script that does nothing, by the container's default shell. That the shell does not exist is told only after the
 * script was found, by the container's user.
 *
 * @param share How the container gets the shared root, where the script is handed over through one.
 */
export async function checkScript(guest: Guest, share: Mend | undefined, who: Who): Promise<Script> {
  const shell = guest.defaults.shell ?? "sh";
  try {
    // In a directory that exists: this check is not about the working directory.
    const { exitCode, timedOut, warnings } = await guest.run({ ...LIMITS, script: SCRIPT, cwd: "/" });
    const shared = share && warnings.length > 0 ? inMemory(warnings, who) : undefined;
    if (exitCode === 0) return { finding: ok("shell", `${shell}, which runs scripts`), shared, hasShell: true };
    const how = timedOut ? `did not end within ${LIMITS.timeout / 1000} s, and was killed` : "failed";
    const finding = fault("shell", "degraded", {
      what: `${shell} is there, and ${how}, at a script that holds a comment only`,
      effect: "scripts may not run as those of a shell do",
      mend: byHand("see what that program is in the container's image"),
    });
    return { finding, shared, hasShell: true };
  } catch (error) {
    if (error instanceof ExecutorError && ABSENT.has(error.code)) {
      return { finding: absent(guest, error), hasShell: false };
    }
    if (!share) return { finding: unexpected("shell", error), hasShell: false };
    return { finding: undefined, shared: notHandedOver(error, share, who), hasShell: false };
  }
}
