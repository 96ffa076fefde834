import { randomUUID } from "node:crypto";

import { ExecutorError } from "../errors/index.ts";
import type { Guest } from "../guest.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { byHand } from "./mend.ts";
import { cannotEnter } from "./refusal.ts";

const ROUNDS = 20;
/** For one entry: a program of the container's need not end. */
const LIMITS = { timeout: 2000, forceKillAfterDelay: 500, buffer: false } as const;
/** For all of them: each may take almost as long as it may. */
const BUDGET_MS = 5000;
const EXISTING = "true";

/** How long it takes to start a program in the container and to see its end. */
export interface EntryTime {
  medianMs: number;
  rounds: number;
  /** "true", or a program that does not exist, where the container has no such: all of an entry but its exec. */
  program: "true" | "none";
}

/** What became of the entries. */
export interface Entry {
  finding: Finding;
  time: EntryTime | undefined;
  /** What a step had of the agent's, as its result said. */
  limitations: readonly string[];
}

type Attempt = {
  ms: number;
  outcome: "ran" | "late" | "absent";
  limitations: readonly string[];
  warnings: readonly string[];
};

/** Throws where the container was not entered. */
async function enter(guest: Guest, program: string): Promise<Attempt> {
  const start = performance.now();
  try {
    const { timedOut, limitations, warnings } = await guest.exec([program], LIMITS);
    return { ms: performance.now() - start, outcome: timedOut ? "late" : "ran", limitations, warnings };
  } catch (error) {
    // By then the container was entered: the helper looks for the program as the container's user. nsenter needs a sh there.
    const isAbsent =
      error instanceof ExecutorError && ["COMMAND_NOT_FOUND", "COMMAND_NOT_EXECUTABLE"].includes(error.code);
    if (!isAbsent || guest.backend === "nsenter") throw error;
    return { ms: performance.now() - start, outcome: "absent", limitations: guest.limitations, warnings: [] };
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

async function measure(guest: Guest): Promise<{ first: Attempt; time: EntryTime | undefined }> {
  const first = await enter(guest, EXISTING);
  // What cannot be there: the container cannot know the name before.
  const program = first.outcome === "ran" ? EXISTING : `/${randomUUID()}`;
  const times: number[] = [];
  const deadline = performance.now() + BUDGET_MS;
  while (times.length < ROUNDS && performance.now() < deadline) {
    const { ms, outcome } = await enter(guest, program);
    if (outcome === "late") return { first, time: undefined };
    times.push(ms);
  }
  return {
    first,
    time: { medianMs: median(times), rounds: times.length, program: first.outcome === "ran" ? "true" : "none" },
  };
}

const HOW: Readonly<Record<Attempt["outcome"], string>> = {
  ran: "",
  late: `; its "${EXISTING}" did not end within ${LIMITS.timeout / 1000} s, and was killed`,
  absent: `; it has no program "${EXISTING}"`,
};

/** Enters the container some times, each with a timeout. */
export async function checkEntry(guest: Guest, who: { agent: string; uid: number | undefined }): Promise<Entry> {
  let measured: Awaited<ReturnType<typeof measure>>;
  try {
    measured = await measure(guest);
  } catch (error) {
    return { finding: cannotEnter("entry", who, error), time: undefined, limitations: [] };
  }
  const { first, time } = measured;
  const what = `entered by ${guest.backend}${HOW[first.outcome]}`;
  return { finding: findingOf(guest, what, first.warnings), time, limitations: first.limitations };
}

function findingOf({ backend, backendReason }: Guest, what: string, warnings: readonly string[]): Finding {
  if (backend === "nsenter") {
    return fault("entry", "degraded", {
      what: [`${what} (${backendReason})`, ...warnings].join("; "),
      effect: "steps keep the agent's capabilities, and have no terminal",
      mend: byHand("mend what keeps the other backends from working"),
    });
  }
  if (warnings.length === 0) return ok("entry", what);
  return fault("entry", "degraded", {
    what: [what, ...warnings].join("; "),
    effect: "steps run in /, unless they name a directory",
    mend: byHand("give the steps a working directory (cwd, or K8S_EXECUTOR_CWD in the container's environment)"),
  });
}
