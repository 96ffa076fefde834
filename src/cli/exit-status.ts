import os from "node:os";

import type { StepResult } from "../index.ts";

/** Real-time signals have no names, and are called SIG34 and so on. */
function signalNumber(signal: NodeJS.Signals): number {
  return os.constants.signals[signal] ?? Number(signal.slice("SIG".length));
}

/** The exit status of the command line for a result, as timeout(1) and shells count. */
export function exitStatusOfResult(result: StepResult): number {
  if (result.timedOut) return 124;
  if (result.signal !== undefined) return 128 + signalNumber(result.signal);
  return result.exitCode ?? 125;
}
