import { forbiddenDirectory, missingCapabilities, permissionDenied, type Container } from "../container/index.ts";
import { ExecutorError } from "../errors/index.ts";
import type { PreparedStep } from "../step/index.ts";

/** How a step that has a script file did not get it. */
export interface ScriptAccess {
  /** What the kernel answered to the step's user. */
  errno: string;
  /** What it answered when the file was to be given to that user; undefined where it was. */
  refusal: string | undefined;
}

/** What keeps the step's user from a file that is there: problem and remedy. */
function barrier(
  { errno, refusal }: ScriptAccess,
  step: PreparedStep,
  container: Container,
): readonly [string, string] {
  const directory = forbiddenDirectory(container, step.arguments.at(-1)?.toString() ?? "", step.identity);
  if (directory) {
    const { path, mode, uid = "unknown", gid = "unknown" } = directory;
    const facts = `mode ${mode.toString(8).padStart(4, "0")}, owner ${uid}:${gid}`;
    return [
      `it may not enter the directory ${JSON.stringify(path)} (${facts})`,
      'let that user enter the directory, or use the transport "memfd"',
    ];
  }
  if (refusal !== undefined) {
    return [
      `the shared volume refuses to give the file to it (${refusal}), so it stays the agent's`,
      'use the transport "memfd", or run the agent as that user',
    ];
  }
  return [
    `access to it was denied (${errno}), although its mode and those of its directories allow it`,
    'check the volume\'s mount options, ACLs and security modules, or use the transport "memfd"',
  ];
}

/** The error for a script that was written, but that the step's user does not find or may not read where it should be. */
export function scriptAccessError(
  access: ScriptAccess,
  step: PreparedStep,
  container: Container,
  facts: Readonly<Record<string, string | number>>,
): ExecutorError {
  const { errno, refusal } = access;
  const details = { ...facts, stage: "script_path", errno };
  const place = step.arguments.at(-1)?.toString() ?? "";
  if (errno !== "EACCES" && errno !== "EPERM") {
    return new ExecutorError("SHARED_ROOT", {
      problem: `the script is not at ${place} in the container of process ${container.pid} (${errno})`,
      remedy: "set the container root to where the container mounts the shared volume, or leave the shared root out",
      details,
    });
  }
  if (refusal === "EPERM" && missingCapabilities(["CAP_CHOWN"]).length > 0) {
    return permissionDenied("give the script file to the container's user", ["CAP_CHOWN"], undefined, details);
  }
  const [why, remedy] = barrier(access, step, container);
  const { uid, gid } = step.identity;
  return new ExecutorError("SHARED_ROOT", {
    problem: `the user ${uid}:${gid} cannot read the script ${place} in the container of process ${container.pid}: ${why}`,
    remedy,
    details,
  });
}
