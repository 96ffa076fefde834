import { ExecutorError, type StepResult } from "../../src/index.ts";
import { Violation } from "./case.ts";

/** Far more than anything here takes: what has not ended by then never will. */
const PATIENCE_MS = 30_000;

/** What came of it: a value, or the product's own error. Any other error, and none at all, are Violations. */
export async function inTime<Value>(what: string, promise: PromiseLike<Value>): Promise<Value | ExecutorError> {
  let watchdog: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    watchdog = setTimeout(() => reject(new Violation(`${what}: it hangs`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, hangs]);
  } catch (error) {
    if (error instanceof ExecutorError) return error;
    throw error instanceof Violation ? error : new Violation(`${what}: ${String(error)}`, { cause: error });
  } finally {
    clearTimeout(watchdog);
  }
}

/** How a step ended. An event loop that stood still meanwhile is a Violation too. */
export async function outcomeOf(what: string, step: PromiseLike<StepResult>): Promise<StepResult | ExecutorError> {
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 5);
  const startedAt = performance.now();
  const outcome = await inTime(what, step).finally(() => clearInterval(ticking));
  // Most of these steps end by their timeout, so there is time to tick; where there was not, nothing is said.
  if (ticks === 0 && performance.now() - startedAt > 1000) throw new Violation(`${what}: the event loop stood still`);
  return outcome;
}

/** For a message. */
export function describe(outcome: StepResult | ExecutorError): string {
  if (outcome instanceof ExecutorError) return `${outcome.code} ${outcome.message}`;
  const { exitCode, signal, timedOut, isOutputTruncated, stdout, stderr } = outcome;
  return JSON.stringify({ exitCode, signal, timedOut, isOutputTruncated, stdout, stderr });
}

/** Requires one of these errors. */
export async function mustFail(what: string, step: PromiseLike<StepResult>, ...codes: string[]): Promise<void> {
  const outcome = await outcomeOf(what, step);
  if (!(outcome instanceof ExecutorError)) {
    throw new Violation(`${what}: the step ran: ${describe(outcome)}`);
  }
  if (!codes.includes(outcome.code)) throw new Violation(`${what}: ${outcome.code} ${outcome.message}`);
}
