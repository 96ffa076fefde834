import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";

import { degradation } from "../backend/index.ts";
import { ExecutorError, type Guest, type Step, type StepResult } from "../index.ts";
import { describeGuest, footer, header } from "./announce.ts";
import { connectAsAsked } from "./connecting.ts";
import { destinations, type Destinations } from "./destination.ts";
import { exitStatusOfResult } from "./exit-status.ts";
import { ForwardedSignals } from "./forwarded-signals.ts";
import type { JsonResult } from "./json-result.ts";
import type { CommandLine } from "./options.ts";
import { passOn } from "./pass-on.ts";
import { STUCK_MS } from "./patience.ts";
import { restate } from "./restate.ts";
import { say } from "./say.ts";
import { lendTerminal } from "./terminal.ts";

/**
 * Connects, starts the step, passes its output and our signals on, and reports.
 *
 * @param json Where the result goes as JSON too.
 * @param command The shell or program, for the header.
 * @param start Starts it in the guest.
 * @returns The exit status for the process.
 */
export async function execute(
  line: CommandLine,
  json: JsonResult | undefined,
  command: (guest: Guest) => string,
  start: (guest: Guest) => Step,
): Promise<number> {
  const guest = await connectAsAsked(line);
  const signals = new ForwardedSignals();
  try {
    if (line.verbose) introduce(guest);
    const degraded = degradation(line.connect.backend, guest);
    if (degraded !== undefined) say(`warning: ${degraded}`);
    for (const note of line.notes) say(`note: ${note}`);
    if (line.step.privileged) say("warning: a step that is root keeps the agent's capabilities (--privileged)");
    const to = destinations();
    const step = start(guest);
    for (const warning of step.warnings) say(`warning: ${warning}`);
    // Nothing of it is passed on before we await. What could not even be prepared runs nowhere.
    if (line.announces && step.cwd !== undefined) say(header(command(guest), step.cwd, guest));
    const followed = await show(step, line, to, signals).catch((error: unknown) => {
      throw line.isOwnDirectory ? explainOwnDirectory(error, line.connect) : error;
    });
    const status = statusOf(line, followed);
    const toldBefore = { limitations: guest.limitations.length, warnings: step.warnings.length };
    report(line, followed, status, to[2].isMidLine, toldBefore);
    json?.writeResult(followed.result, status);
    return status;
  } finally {
    signals.stop();
    guest.close();
  }
}

/** Nobody named the directory that the container does not have. */
function explainOwnDirectory(error: unknown, { sharedRoot, containerRoot }: CommandLine["connect"]): unknown {
  if (!(error instanceof ExecutorError) || error.code !== "WORKING_DIRECTORY") return error;
  const where = `it is ours, ${process.cwd()}, by the shared root ${sharedRoot}, which is ${containerRoot ?? sharedRoot} there`;
  return restate(
    error,
    (problem) => `${problem} (${where})`,
    "give --container-root where the container has the volume elsewhere, or --cwd / and, for a script, --transport memfd where it has it not",
  );
}

function statusOf({ insideJob }: CommandLine, { result, signalledBy, isCut }: Followed): number {
  const status = exitStatusOfResult(isCut && signalledBy ? { ...result, signal: signalledBy } : result);
  // A job that was cancelled did not succeed, whatever its script made of the signal.
  return insideJob && signalledBy && status === 0 ? exitStatusOfResult({ ...result, signal: signalledBy }) : status;
}

/** @param toldBefore How many of each were told at the beginning. */
function report(
  line: CommandLine,
  { result, signalledBy, isCut }: Followed,
  status: number,
  isMidLine: boolean,
  toldBefore: { limitations: number; warnings: number },
): void {
  const notes = result.warnings.slice(toldBefore.warnings).map((warning) => `warning: ${warning}`);
  if (isCut && signalledBy) notes.push(`${signalledBy} came while nobody read the output, and the rest of it was cut`);
  const left = result.leftoverProcesses;
  if (signalledBy && left !== undefined && left > 0)
    notes.push(`${left} of the step's processes outlived it, and were killed`);
  // What was ended by force is cut in any case.
  if (result.isOutputTruncated && !signalledBy && !result.timedOut) {
    notes.push("warning: a background process held the output open, and the rest of it was cut; redirect its output");
  }
  if (left !== undefined && left > 0 && !signalledBy && (line.announces || line.verbose)) {
    notes.push(`${left} of its processes go on in the background (--kill-leftovers ends them)`);
  }
  if (line.verbose) {
    notes.push(...result.limitations.slice(toldBefore.limitations).map((limitation) => `note: ${limitation}`));
  }
  if (line.announces) {
    notes.push(footer(result, status, signalledBy));
  } else {
    if (result.timedOut) notes.push(`timed out after ${line.step.timeout} ms`);
    if (result.outOfMemory) notes.push("the step ran out of memory: the kernel's OOM killer ended it");
  }
  notes.forEach((note, index) => say(note, index === 0 && isMidLine));
}

function introduce(guest: Guest): void {
  say(`entering ${describeGuest(guest)} by ${guest.backend} (${guest.backendReason})`);
  for (const limitation of guest.limitations) say(`note: ${limitation}`);
}

interface Followed {
  result: StepResult;
  /** The first signal that came to us. */
  signalledBy: NodeJS.Signals | undefined;
  /** Whether the wait for a reader of the output was given up. */
  isCut: boolean;
}

/** With a terminal for the step, ours is its front until it has ended. */
async function show(step: Step, line: CommandLine, to: Destinations, signals: ForwardedSignals): Promise<Followed> {
  if (!line.step.tty) return follow(step, to, line.byLines, signals);
  const giveBack = lendTerminal(step, line.step.stdin === "inherit");
  return follow(step, to, false, signals).finally(giveBack);
}

/** The step has ended, but whether all of its processes have is unknown. */
function warn(error: unknown): void {
  if (!(error instanceof ExecutorError)) throw error;
  say(`warning: ${error.message}`);
}

/** Passes output out and signals in, until the step has ended and everything is written. */
async function follow(step: Step, to: Destinations, byLines: boolean, signals: ForwardedSignals): Promise<Followed> {
  let force: () => void = () => undefined;
  const forced = new Promise<void>((resolve) => (force = resolve));
  signals.listen((signal) => {
    force();
    step.kill(signal, { end: true });
  });
  const copied = Promise.all([passOn(step.stdout, to[1], 1, byLines), passOn(step.stderr, to[2], 2, byLines)]);
  // A script whose output is lost is ended, and waited for: nothing of it shall outlive us.
  copied.catch(() => step.kill("SIGTERM", { end: true }));
  const [ended] = await Promise.allSettled([step]);
  if (ended.status === "fulfilled" && ended.value.timedOut) force();
  // The copies' errors come first, for they are why the step was ended. Whoever reads our output may have stopped:
  // what was ended by force does not wait for that for ever.
  const isCopied = await Promise.race([copied.then(() => true), forced.then(() => delay(STUCK_MS, false))]);
  // Who signals all processes at once may have ended the step before we have looked at our own signal.
  for (let turn = 0; turn < 2; turn++) await nextTurn();
  const result = await step;
  // Nor had the supervisor: then what the step left would live on.
  if (signals.first) await step.killLeftovers().catch(warn);
  return { result, signalledBy: signals.first, isCut: !isCopied };
}
