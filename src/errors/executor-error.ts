import type { StepResult } from "../result/index.ts";
import { exitStatusOf, type ErrorCode } from "./codes.ts";

/** What an {@link ExecutorError} is made of. */
export interface ErrorParts {
  /** What was wrong, with the value. Never a secret: names of variables, not their values. */
  problem: string;
  /** How to mend it, as an imperative. */
  remedy: string;
  cause?: unknown;
  /** Facts for programs: the stage of the entry, the errno, the path. */
  details?: Readonly<Record<string, string | number>>;
  result?: StepResult;
}

/**
 * The one error class of this package: something other than the script itself failed.
 *
 * @example
 * ```ts
 * import { connect, ExecutorError } from "k8s-executor";
 * try {
 *   await connect({ pid: 0 });
 * } catch (error) {
 *   if (error instanceof ExecutorError) console.log(error.code, error.remedy);
 * }
 * ```
 */
export class ExecutorError extends Error {
  override readonly name = "ExecutorError";
  /** Stable, for programs. */
  readonly code: ErrorCode;
  /** How to mend it. */
  readonly remedy: string;
  /** What a command line exits with for this error: 125, 126 or 127. */
  readonly exitStatus: number;
  readonly details: Readonly<Record<string, string | number>>;
  /** With STEP_FAILED: the whole result. */
  readonly result: StepResult | undefined;

  constructor(code: ErrorCode, parts: ErrorParts) {
    super(`${parts.problem}; ${parts.remedy}`, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = code;
    this.remedy = parts.remedy;
    this.exitStatus = exitStatusOf(code);
    this.details = parts.details ?? {};
    this.result = parts.result;
  }
}

/** A bad option, in one sentence. */
export function invalidOption(problem: string, remedy: string): ExecutorError {
  return new ExecutorError("INVALID_OPTION", { problem, remedy });
}
