import { connect, ExecutorError, waitForReady, type Guest } from "../index.ts";
import type { CommandLine } from "./options.ts";
import { restate } from "./restate.ts";
import { WaitProgress } from "./wait-progress.ts";

/** What connecting takes of a command line. */
export type Connecting = Pick<CommandLine, "connect" | "targetVariable" | "wait" | "probe" | "announces">;

/** What may be the fault of whoever said which container it is. */
const OF_THE_TARGET: ReadonlySet<string> = new Set([
  "TARGET_NOT_FOUND",
  "TARGET_AMBIGUOUS",
  "TARGET_NOT_ENTERABLE",
  "TARGET_NEVER_APPEARED",
]);

/** The error of a container that a variable names: nothing in the task itself says its name. */
function blame(variable: string, error: unknown): unknown {
  if (!(error instanceof ExecutorError) || !OF_THE_TARGET.has(error.code)) return error;
  return restate(error, (problem) => `the variable ${variable} names the container: ${problem}`);
}

async function wait({ connect: options, wait: timeout, probe, announces }: Connecting): Promise<Guest> {
  if (timeout === undefined) return connect(options);
  const progress = new WaitProgress(announces);
  try {
    return await waitForReady({ ...options, timeout, probe, onProgress: (text) => progress.show(text) });
  } finally {
    progress.end();
  }
}

/** Connects, and waits for the container where that is asked for. */
export async function connectAsAsked(line: Connecting): Promise<Guest> {
  try {
    return await wait(line);
  } catch (error) {
    throw line.targetVariable === undefined ? error : blame(line.targetVariable, error);
  }
}
