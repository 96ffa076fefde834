import { once } from "node:events";
import { readlinkSync } from "node:fs";
import os from "node:os";

import { ExecutorError, type BackendName, type Guest, type StepResult } from "../../src/index.ts";
import { helpersOf, keeperOf, keepersOf, killIfAlive, parentOf } from "../support/children.ts";
import { until } from "../support/until.ts";
import { startAttack } from "./attack.ts";
import { describe, inTime, outcomeOf } from "./alive.ts";
import { SUPERVISED, Violation, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest, type HostileGuest } from "./hostile-guest.ts";
import { processesOf } from "../support/processes.ts";

const SIGNALS = { SIGSTOP: os.constants.signals.SIGSTOP, SIGKILL: os.constants.signals.SIGKILL };
/** What it prints is known, so that output that is missing without a word is noticed. */
const SCRIPT = "trap '' PIPE; echo one; read line; echo two; exit 0";

function requireTruth(what: string, outcome: StepResult | ExecutorError): void {
  if (outcome instanceof ExecutorError) {
    if (outcome.code !== "HELPER_LOST") throw new Violation(`${what}: ${describe(outcome)}`);
  } else if (!outcome.failed && !outcome.isOutputTruncated && outcome.stdout !== "one\ntwo") {
    throw new Violation(`${what}: output is missing, and nothing says so: ${describe(outcome)}`);
  }
}

/** In the middle of a step, one process of ours. */
async function strike(
  attacker: Guest,
  guest: Guest,
  victim: "resident" | "keeper" | "relay",
  signal: keyof typeof SIGNALS,
): Promise<void> {
  const what = `${guest.backend}: ${signal} to the ${victim}`;
  const step = guest.run({ script: SCRIPT, stdin: "pipe", timeout: 1200, forceKillAfterDelay: 50 });
  const outcome = outcomeOf(what, step);
  await once(step.stdout, "data");
  const helper = keeperOf(process.pid);
  const [relay] = helpersOf(helper);
  if (relay === undefined) throw new Error("a step with a stdin and output has no relay");
  const struck = { resident: parentOf(helper), keeper: helper, relay }[victim];
  try {
    await attacker.exec([ATTACK, "kill", String(SIGNALS[signal]), String(struck)], { reject: true });
    step.stdin?.end("go\n");
    requireTruth(what, await outcome);
  } finally {
    // A relay that is stopped stays, and with it the helper that waits for it: the guest could as well make processes.
    if (helpersOf(helper).includes(relay)) killIfAlive(relay);
    await until("the keeper has ended", () => !keepersOf(process.pid).includes(helper));
  }
}

/** On the way in, whatever appears. */
async function harass(target: HostileGuest, backend: BackendName, signal: keyof typeof SIGNALS): Promise<void> {
  const guest = await target.connect(backend);
  const attack = await startAttack(await target.connect("native"), "harass", String(SIGNALS[signal]));
  const what = `${backend}: ${signal} on the way in`;
  const run = async (): Promise<void> => {
    const limits = { timeout: 300, forceKillAfterDelay: 50 };
    // A relay that is killed between the step's end and its own last word loses output, and that must be said.
    requireTruth(what, await outcomeOf(what, guest.run({ script: SCRIPT, input: "go\n", ...limits })));
  };
  for (let round = signal === "SIGSTOP" ? 2 : 0; round < 3; round++) await Promise.all(Array.from({ length: 8 }, run));
  // The helper that connect() starts for a try, too. It hung here for ever before that one got a time limit.
  for (let connection = 0; connection < 40; connection++) {
    const startedAt = performance.now();
    await inTime(`${what}, of a connection`, target.connect(backend));
    // It was hit, and that takes a while.
    if (performance.now() - startedAt > 1000) break;
  }
  await attack.end();
  await until("what it stopped has ended", () => {
    const left = processesFor(target.pid);
    for (const pid of left) killIfAlive(pid);
    return left.length === 0;
  });
}

/** What runs of our helper for a container: supervisors, relays, and steps that were stopped on their way in. */
function processesFor(container: number): number[] {
  const mounts = readlinkSync(`/proc/${container}/ns/mnt`);
  return processesOf("k8s-executor-helper").filter((pid) => {
    try {
      // The one while it has FD_TARGET (native/step/request.h), the other once it has entered.
      if (readlinkSync(`/proc/${pid}/ns/mnt`) === mounts) return true;
      return readlinkSync(`/proc/${pid}/fd/6`).startsWith(`/proc/${container}`);
    } catch {
      return false; // it has just ended
    }
  });
}

/** A guest that stops and kills the helper and the relay: the agent goes on, and what it says is true. */
export const stopped: HostileCase = {
  name: "stopped",
  needs: ["root", "cc", "unshare", "setpriv"],
  run: () =>
    withHostileGuest({}, async (target) => {
      for (const backend of SUPERVISED) {
        const guest = await target.connect(backend);
        for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
          // By a program that needs no relay, and has ended before anything else begins.
          const attacker = await target.connect("native");
          await strike(attacker, guest, "relay", signal);
          await strike(attacker, guest, "keeper", signal);
          await strike(attacker, guest, "resident", signal);
        }
      }
      for (const backend of SUPERVISED) {
        for (const signal of ["SIGKILL", "SIGSTOP"] as const) await harass(target, backend, signal);
      }
    }),
};
