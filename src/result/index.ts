/** How steps are started. `helper` is the native helper, started without FFI. */
export type BackendName = "native" | "helper" | "nsenter";

/** What a step's processes used, getrusage(2): its first process and everything that one waited for. */
export interface ResourceUsage {
  userCpuMs: number;
  systemCpuMs: number;
  /** The largest resident set of one of the processes. */
  maxRssBytes: number;
}

/** The kind of a step's ending. What is no ending of the step at all is an ExecutorError. */
export type Outcome = "exited" | "signaled" | "timed-out" | "canceled" | "out-of-memory";

/** How a step ended. A script that failed is a result too; only our own failures are errors. */
export interface StepResult {
  /** Which of the following tells the story; never a default. */
  outcome: Outcome;
  /** The exit status; undefined where the step was killed by a signal or never started. */
  exitCode: number | undefined;
  /** The signal that killed the step's first process. */
  signal: NodeJS.Signals | undefined;
  /** The kernel wrote a core dump of that process. */
  isCoreDumped: boolean;
  /** The timeout passed. The exit code then says how the step took it. */
  timedOut: boolean;
  /** The AbortSignal fired. */
  isCanceled: boolean;
  /** The kernel's OOM killer ended it, or a process that it waited for. */
  outOfMemory: boolean;
  /** True unless the exit code is 0 and neither timedOut nor isCanceled. */
  failed: boolean;
  /** From the call to the settled result, in milliseconds. */
  durationMs: number;
  /** What the step wrote, up to maxBuffer bytes; undefined with `buffer: false`. */
  stdout: string | undefined;
  stderr: string | undefined;
  /** Output is missing above: it was over maxBuffer, or a background process held the pipe open after the end. */
  isOutputTruncated: boolean;
  backend: BackendName;
  /** Why this backend was chosen. */
  backendReason: string;
  /** What this backend could not do that the native one can, what the step had of the agent's, and what the container lost. */
  limitations: readonly string[];
  /**
   * What was not as it was asked for, and why: a value that was not masked, a default working directory or a script file that
   * the step's user has no access to.
   */
  warnings: readonly string[];
  /** Undefined where the backend cannot tell. */
  resourceUsage: ResourceUsage | undefined;
  /** Background processes that the step left; undefined where they cannot all be found: limitations says why. */
  leftoverProcesses: number | undefined;
}
