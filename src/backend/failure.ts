import { NAMESPACE_FLAGS, permissionDenied, type CapabilityName, type Container } from "../container/index.ts";
import { errnoName, ExecutorError, type ErrorCode } from "../errors/index.ts";
import type { PreparedStep } from "../step/index.ts";
import { EXHAUSTED } from "./exhausted.ts";
import type { EndRecord } from "./record.ts";
import { scriptAccessError } from "./script-access.ts";
import type { Stage } from "./stage.ts";
import { whyNotEntered } from "./warnings.ts";

/** Why an entry failed, and what to do. */
export interface Explanation {
  code: ErrorCode;
  problem: string;
  remedy: string;
}

/** What each stage does, for the message, and the capabilities it needs. */
const NEEDS: Partial<Record<Stage, readonly [action: string, ...needed: CapabilityName[]]>> = {
  root: ["take the container's root directory", "CAP_SYS_CHROOT"],
  groups: ["take the container's supplementary groups", "CAP_SETGID"],
  gid: ["take the container's group", "CAP_SETGID"],
  uid: ["take the container's user", "CAP_SETUID"],
  bounding: ["give up the capabilities that the container does not have", "CAP_SETPCAP"],
  capabilities: ["give up the capabilities that the container does not have", "CAP_SETPCAP"],
};

function explainCwd(errno: string, cwd: string): Explanation {
  return {
    code: "WORKING_DIRECTORY",
    problem: `the working directory ${JSON.stringify(cwd)} ${whyNotEntered(errno)} in the container`,
    remedy: "give a directory that the container has, as the container sees it or below the shared root",
  };
}

function explainExec(errno: string, step: PreparedStep, container: Container): Explanation {
  const what = `${step.script ? "the shell" : "the program"} ${JSON.stringify(step.command)}`;
  const where = `in the container of process ${container.pid}`;
  if (errno === "E2BIG") {
    return {
      code: "TOO_LARGE",
      problem: `the ${step.environment.length} variables and ${step.arguments.length} arguments are too large together for the kernel`,
      remedy: "pass large values as files on the shared volume, or raise the stack limit (ulimit -s)",
    };
  }
  if (errno === "ENOENT") {
    const looked = step.command.includes("/") ? "" : ` (looked for ${step.candidates.join(", ")})`;
    return {
      code: "COMMAND_NOT_FOUND",
      problem: `${what} was not found ${where}${looked}, or the interpreter its first line names was not`,
      remedy: step.script ? "choose a shell that the image has" : "install it in the image or give its path",
    };
  }
  return {
    code: "COMMAND_NOT_EXECUTABLE",
    problem: `${what} cannot be executed ${where} (${errno})`,
    remedy: "check its permissions, its mount options and that it is a program for this machine",
  };
}

function explainScript(errno: string, step: PreparedStep): Explanation {
  if (step.script?.transport === "memfd") {
    return {
      code: "ENTRY_FAILED",
      problem: `the script cannot be held in memory: memfd_create or a write to it failed with ${errno}`,
      remedy: "check the seccomp profile of the agent's container, or give a shared root, so that the script is a file",
    };
  }
  const why =
    {
      ENOSPC: "the volume is full",
      EDQUOT: "the quota is used up",
      EROFS: "the volume is read-only",
      EACCES: "it may not be written to",
      EPERM: "it may not be written to",
      ENOENT: "it was removed",
      EEXIST: "a file of that name was there before",
    }[errno] ?? errno;
  return {
    code: "SHARED_ROOT",
    problem: `the script ${step.script?.name ?? ""} cannot be written to the shared root: ${why}`,
    remedy: 'make the shared volume writable for the agent, or use the transport "memfd"',
  };
}

function explainTerminal(errno: string): Explanation {
  const why =
    {
      ENOENT: "there is no /dev/ptmx",
      EIO: "its devpts is not mounted",
      ENOTTY: "its /dev/ptmx is something else",
      ENOSPC: "it has as many as it may have",
      EACCES: "its user may not open /dev/ptmx",
    }[errno] ?? errno;
  return {
    code: "ENTRY_FAILED",
    problem: `the container cannot make a terminal: ${why}`,
    remedy: "leave the terminal out, or mount devpts in the container, as container runtimes do",
  };
}

function explain(record: EndRecord, errno: string, step: PreparedStep, container: Container): Explanation {
  const isGone = record.stage === "target" && errno === "ESRCH";
  if (isGone || (record.stage === "fork" && errno === "ENOMEM" && !container.isAlive())) {
    return containerGone(container);
  }
  if (record.stage === "target" && errno === "ESTALE") return namespaceLeft(record, container);
  const exhausted = EXHAUSTED[errno];
  if (exhausted && record.stage !== "cwd") {
    const [problem, remedy] = exhausted;
    const what = record.stage === "relay" ? "was ended, for its output could not be passed on" : "could not be started";
    return { code: "RESOURCE_EXHAUSTED", problem: `the step ${what}: ${problem}`, remedy };
  }
  if (record.stage === "exec") return explainExec(errno, step, container);
  if (record.stage === "cwd") return explainCwd(errno, step.cwd);
  if (record.stage === "terminal") return explainTerminal(errno);
  if (record.stage === "script") return explainScript(errno, step);
  if (record.stage === "cwd_outside") {
    return {
      code: "WORKING_DIRECTORY",
      problem: `the working directory ${JSON.stringify(step.cwd)} leads outside the container's root`,
      remedy: "give a directory inside the container",
    };
  }
  return {
    code: "ENTRY_FAILED",
    problem: `the container of process ${container.pid} could not be entered: ${record.stage} failed with ${errno}`,
    remedy: "report this with the kernel's version and the agent's seccomp profile",
  };
}

function namespaceName({ detail }: EndRecord): string {
  return Object.entries(NAMESPACE_FLAGS).find(([, flag]) => flag === detail)?.[0] ?? "unknown";
}

/** The process has left a namespace since connect(): a step must not follow it into the next one. */
function namespaceLeft(record: EndRecord, container: Container): Explanation {
  return {
    code: "CONTAINER_GONE",
    problem: `the container's main process ${container.pid} has joined another ${namespaceName(record)} namespace since connect()`,
    remedy: "connect again",
  };
}

function containerGone(container: Container): Explanation {
  return {
    code: "CONTAINER_GONE",
    problem: `the container's main process ${container.pid} has ended`,
    remedy: "connect again, to the container's new main process",
  };
}

/** The error for a container whose main process ended before or while a step ran. */
export function containerGoneError(container: Container): ExecutorError {
  const { code, ...parts } = containerGone(container);
  return new ExecutorError(code, { ...parts, details: { pid: container.pid } });
}

/** The error for a step that never started, from the helper's last record. */
export function entryError(record: EndRecord, step: PreparedStep, container: Container): ExecutorError {
  const errno = errnoName(record.errno);
  const details = { stage: record.stage, errno, pid: container.pid };
  if (errno === "EPERM" && record.stage === "namespace") {
    const name = namespaceName(record);
    const needed: CapabilityName[] = name === "mnt" ? ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT"] : ["CAP_SYS_ADMIN"];
    return permissionDenied(`join the ${name} namespace of process ${container.pid}`, needed, undefined, details);
  }
  if (record.stage === "target" && (errno === "EACCES" || errno === "EPERM")) {
    return permissionDenied(`look into process ${container.pid}`, ["CAP_SYS_PTRACE"], undefined, details);
  }
  if (record.stage === "script_path") {
    const refusal = record.scriptErrno === 0 ? undefined : errnoName(record.scriptErrno);
    return scriptAccessError({ errno, refusal }, step, container, details);
  }
  const need = NEEDS[record.stage];
  if (errno === "EPERM" && need) {
    const [action, ...needed] = need;
    return permissionDenied(action, needed, undefined, details);
  }
  const { code, ...parts } = explain(record, errno, step, container);
  return new ExecutorError(code, { ...parts, details });
}
