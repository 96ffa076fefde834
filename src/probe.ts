import type { Guest } from "./guest.ts";
import type { StepResult } from "./result/index.ts";
import { printable } from "./system/index.ts";

/** A probe that takes longer has failed, and is tried again. */
const LONGEST_MS = 10_000;
/** How much of the end of its output is told. */
const MOST_TOLD = 300;

/** The probe did not succeed. */
export class ProbeError extends Error {
  override readonly name = "ProbeError";
  /** It was ended for want of time for the whole wait, and might have succeeded. */
  readonly isCut: boolean;

  constructor(message: string, isCut: boolean) {
    super(message);
    this.isCut = isCut;
  }
}

/** The end of an output, in one line; a container's text may hold what a terminal obeys. */
function lastWords({ stdout, stderr }: StepResult): string {
  const words = printable(`${stdout}\n${stderr}`.trim().slice(-MOST_TOLD));
  return words === "" ? "without output" : `saying ${JSON.stringify(words)}`;
}

function howItEnded({ outcome, exitCode, signal, durationMs }: StepResult): string {
  if (outcome === "timed-out") return `it had not ended after ${Math.round(durationMs)} ms`;
  return signal === undefined ? `it exited with ${exitCode}` : `it was killed by ${signal}`;
}

/**
 * Runs a probe once.
 *
 * @param probe A script for sh, or a program and its arguments.
 * @param left Milliseconds that there are for it.
 * @throws ProbeError where it does not exit with 0, and what the step throws where it cannot run.
 */
export async function runProbe(
  guest: Guest,
  probe: string | readonly string[],
  left: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = {
    timeout: Math.max(1, Math.min(left, LONGEST_MS)),
    forceKillAfterDelay: 100,
    maxBuffer: 64 * 1024,
    leftovers: "kill",
    signal,
  } as const;
  const result = await (typeof probe === "string"
    ? guest.run({
        ...options,
        script: probe,
        shell: "sh",
        transport: guest.backend === "nsenter" ? undefined : "memfd",
      })
    : guest.exec(probe, options));
  if (!result.failed) return;
  throw new ProbeError(`${howItEnded(result)}, ${lastWords(result)}`, result.timedOut && left < LONGEST_MS);
}
