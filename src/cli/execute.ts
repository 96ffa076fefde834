import { setTimeout as delay } from "node:timers/promises";

import { connect, type Guest, type Step, type StepResult } from "../index.ts";
import { exitStatusOfResult } from "./exit-status.ts";
import type { JsonResult } from "./json-result.ts";
import type { CommandLine } from "./options.ts";
import { passOn } from "./pass-on.ts";
import { STUCK_MS } from "./patience.ts";
import { say } from "./say.ts";

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Connects, starts the step, passes its output and our signals on, and reports.
 *
 * @param json Where the result goes as JSON too.
 * @param start Starts it in the guest.
 * @returns The exit status for the process.
 */
export async function execute(
  line: CommandLine,
  json: JsonResult | undefined,
  start: (guest: Guest) => Step,
): Promise<number> {
  const guest = await connect(line.connect);
  try {
    if (line.verbose) introduce(guest);
    if (line.step.privileged) say("warning: a step that is root keeps the agent's capabilities (--privileged)");
    const step = start(guest);
    for (const warning of step.warnings) say(`warning: ${warning}`);
    const { result, interruptedBy } = await follow(step);
    const status = exitStatusOfResult(interruptedBy ? { ...result, signal: interruptedBy } : result);
    if (interruptedBy) say(`${interruptedBy} came while nobody read the output, and the rest of it was cut`);
    if (result.timedOut) say(`timed out after ${line.step.timeout} ms`);
    if (result.outOfMemory) say("the step ran out of memory: the kernel's OOM killer ended it");
    if (line.verbose) {
      for (const note of result.limitations.slice(guest.limitations.length)) say(`note: ${note}`);
      say(`ended with exit status ${status} after ${result.durationMs.toFixed(1)} ms`);
      if (result.isOutputTruncated) say("a background process held the output open; the rest of it was cut");
    }
    json?.writeResult(result, status);
    return status;
  } finally {
    guest.close();
  }
}

function introduce(guest: Guest): void {
  say(`entering the container of process ${guest.pid} by ${guest.backend} (${guest.backendReason})`);
  for (const limitation of guest.limitations) say(`note: ${limitation}`);
}

interface Followed {
  result: StepResult;
  /** The signal of ours that ended the wait for a reader of the output. */
  interruptedBy: NodeJS.Signals | undefined;
}

/** Passes output out and signals in, until the step has ended and everything is written. */
async function follow(step: Step): Promise<Followed> {
  let signalled: NodeJS.Signals | undefined;
  let force: () => void = () => undefined;
  const forced = new Promise<void>((resolve) => (force = resolve));
  const onSignal = (signal: NodeJS.Signals): void => {
    signalled ??= signal;
    force();
    step.kill(signal, { end: true });
  };
  for (const signal of FORWARDED) process.on(signal, onSignal);
  try {
    const copied = Promise.all([passOn(step.stdout, 1), passOn(step.stderr, 2)]);
    // A script whose output is lost is ended, and waited for: nothing of it shall outlive us.
    copied.catch(() => step.kill("SIGTERM", { end: true }));
    const [ended] = await Promise.allSettled([step]);
    if (ended.status === "fulfilled" && ended.value.timedOut) force();
    // The copies' errors come first, for they are why the step was ended. Whoever reads our output may have stopped:
    // what was ended by force does not wait for that for ever.
    const isCopied = await Promise.race([copied.then(() => true), forced.then(() => delay(STUCK_MS, false))]);
    return { result: await step, interruptedBy: isCopied ? undefined : signalled };
  } finally {
    for (const signal of FORWARDED) process.off(signal, onSignal);
  }
}
