import type { Backend, Ending } from "../backend/index.ts";
import { ExecutorError } from "../errors/index.ts";
import type { Outcome, StepResult } from "../result/index.ts";
import type { ProcessOptions } from "./options.ts";

/**
 * The result of a step that ended, or that was cancelled before it began.
 *
 * @throws ExecutorError STEP_FAILED where the caller asked for that.
 */
export function settleResult(
  ending: Ending | undefined,
  backend: Backend,
  options: ProcessOptions,
  startedAt: number,
  parts: Partial<StepResult>,
): StepResult {
  const timedOut = parts.timedOut ?? false;
  const isCanceled = parts.isCanceled ?? false;
  const outOfMemory = (ending?.outOfMemory ?? false) && !timedOut && !isCanceled;
  const result: StepResult = {
    outcome: timedOut
      ? "timed-out"
      : isCanceled
        ? "canceled"
        : outOfMemory
          ? "out-of-memory"
          : ending?.signal
            ? "signaled"
            : "exited",
    exitCode: ending?.exitCode,
    signal: ending?.signal,
    isCoreDumped: ending?.isCoreDumped ?? false,
    timedOut,
    isCanceled,
    outOfMemory,
    failed: ending?.exitCode !== 0 || timedOut || isCanceled,
    durationMs: performance.now() - startedAt,
    stdout: parts.stdout,
    stderr: parts.stderr,
    isOutputTruncated: parts.isOutputTruncated ?? false,
    backend: backend.name,
    backendReason: backend.reason,
    limitations: [...backend.limitations, ...(ending?.limitations ?? [])],
    warnings: [...(parts.warnings ?? []), ...(ending?.warnings ?? [])],
    resourceUsage: ending?.usage,
    leftoverProcesses: ending ? ending.survivors : 0,
  };
  if (result.failed && options.reject) throw stepFailed(result);
  return result;
}

/** The error for a step whose supervisor we stopped waiting for. */
export function unresponsive(): ExecutorError {
  return new ExecutorError("HELPER_LOST", {
    problem: "the step's supervisor did not answer, not even to a kill: how the step ended is unknown",
    remedy: "look for a process in uninterruptible sleep (state D) in the container",
  });
}

const HOW: Readonly<Record<Outcome, (result: StepResult) => string>> = {
  "timed-out": () => "timed out",
  canceled: () => "was cancelled",
  "out-of-memory": () => "ran out of memory",
  signaled: ({ signal }) => `was killed by ${signal}`,
  exited: ({ exitCode }) => `ended with exit status ${exitCode}`,
};

function stepFailed(result: StepResult): ExecutorError {
  return new ExecutorError("STEP_FAILED", {
    problem: `the step ${HOW[result.outcome](result)}`,
    remedy: "see error.result for its output",
    result,
  });
}
