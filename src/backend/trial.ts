import { ExecutorError, errnoName } from "../errors/index.ts";
import { decodeEnd } from "./record.ts";
import { Unavailable } from "./types.ts";

/** How long a helper that is started only for a trial may take: without an end, a container could stop it and so connect(). */
export const TRIAL_PATIENCE_MS = 5000;

/** What a step is without a system call that it can do without; the helper tries all of them (native/helper/trial.c). */
const OPTIONAL: Readonly<Record<string, string>> = {
  clone3: "the agent's limits apply to a step, where cgroups are v2",
  close_range: "closing descriptors takes each entry longer",
  pidfd_open: "a step goes on for up to 0.1 s when its container has ended",
};

/** What only a helper needs that copies itself into memory and listens for connections; FFI does that for the native backend. */
const WITHOUT_FFI: ReadonlySet<string> = new Set([
  "execveat",
  "sendfile",
  "accept4",
  "bind",
  "getsockopt",
  "listen",
  "recvfrom",
  "socket",
]);

/** How a process ended; both undefined where something else in this process asked the kernel before us. */
export interface ProcessEnd {
  exitCode: number | undefined;
  signal: NodeJS.Signals | undefined;
}

/** A helper that was started for a trial, and has ended. */
export interface Trial {
  /** What it wrote to its status pipe. */
  report: Buffer;
  end: ProcessEnd;
  /** It did not end by itself, and was killed. */
  isLate: boolean;
}

/** A system call that is refused, and what steps do without it. */
export interface RefusedCall {
  name: string;
  effect: string;
}

/** Something ended it: a container that can do that must not choose the backend. */
function lost(how: string, remedy: string): ExecutorError {
  return new ExecutorError("HELPER_LOST", {
    problem: `the helper, started for a trial, ${how}`,
    remedy,
    details: { stage: "trial" },
  });
}

const SUSPECTS = "the kernel's OOM killer, a process of the container with the same user";

/** The error for a resident that ended before it served. */
export function residentKilled(): ExecutorError {
  return lost("was killed before it served", `look for what killed it (${SUSPECTS})`);
}

/** The error for a socket that is another's: whoever replaced it would be told what steps do. */
export function socketReplaced(): ExecutorError {
  return lost(
    "does not get what is sent to its socket",
    "look for a process that replaced the socket: give the agent a TMPDIR that no container shares",
  );
}

/**
 * Waits for a resident that was just started, but not for ever: a container could stop it and so connect().
 *
 * @param serving Settles when it serves, or is known not to.
 * @throws ExecutorError HELPER_LOST where it does neither.
 */
export async function servingInTime<Value>(serving: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          lost(
            `does not serve after ${TRIAL_PATIENCE_MS / 1000} s`,
            "look for what stopped it (a process of the container with the same user), or for what keeps this machine so busy",
          ),
        ),
      TRIAL_PATIENCE_MS,
    );
  });
  return Promise.race([serving, late]).finally(() => clearTimeout(timer));
}

function withoutReport({ report, end, isLate }: Trial): Error {
  if (isLate) {
    return lost(
      `did not end within ${TRIAL_PATIENCE_MS / 1000} s, and was killed`,
      "look for what stopped it (a process of the container with the same user), or for what keeps this machine so busy",
    );
  }
  if (end.signal === "SIGSYS")
    return lost("was ended by SIGSYS", "allow its system calls in the agent's seccomp profile");
  if (end.signal !== undefined) return lost(`was ended by ${end.signal}`, `look for what ended it (${SUSPECTS})`);
  if (end.exitCode === undefined) return lost("ended, and how is unknown", `look for what ended it (${SUSPECTS})`);
  const record = decodeEnd(report);
  const why = record ? `cannot make a copy of itself in memory: ${errnoName(record.errno)}` : "does not run here";
  return new Unavailable(`the helper ${why} (exit status ${end.exitCode})`);
}

/**
 * Evaluates a trial.
 *
 * @param isWithoutFfi Whether the helper has to do what FFI does otherwise.
 * @returns The system calls that are refused, and can be done without.
 * @throws Unavailable where the helper cannot work here; ExecutorError HELPER_LOST if something kept it from reporting.
 */
export function judgeTrial(trial: Trial, isWithoutFfi: boolean): RefusedCall[] {
  const lines = trial.report.toString("latin1").split("\n");
  if (lines.pop() !== ".") throw withoutReport(trial);
  const refused = lines.filter((name) => isWithoutFfi || !WITHOUT_FFI.has(name));
  const needed = refused.filter((name) => OPTIONAL[name] === undefined);
  if (needed.length > 0) throw new Unavailable(`the kernel or a seccomp filter refuses ${needed.join(", ")}`, needed);
  return refused.map((name) => ({ name, effect: OPTIONAL[name] ?? "" }));
}
