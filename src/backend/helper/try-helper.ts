import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";

import { childStream } from "../child-streams.ts";
import { SLOT } from "../descriptor-slots.ts";
import { readToClose } from "../pipe-streams.ts";
import { judgeTrial, TRIAL_PATIENCE_MS, type RefusedCall } from "../trial.ts";

/**
 * Starts the helper as for a step, only for it to say whether it would do.
 *
 * @returns The system calls that are refused, and can be done without.
 * @throws Unavailable, ExecutorError HELPER_LOST, and errors of node:child_process.
 */
export async function tryHelper(path: string): Promise<RefusedCall[]> {
  const stdio: ("ignore" | "pipe")[] = Array.from({ length: SLOT.status }, () => "ignore");
  const child = spawn(path, ["copy", "v"], { env: {}, stdio: [...stdio, "pipe"], cwd: "/" });
  // Without a process there is none, and the error event tells why.
  const status = childStream(child, SLOT.status) as Readable | undefined;
  const report = status && readToClose(status);
  let isLate = false;
  const impatient = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, TRIAL_PATIENCE_MS);
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return judgeTrial(
      {
        report: (await report) ?? Buffer.alloc(0),
        end: { exitCode: code ?? undefined, signal: signal ?? undefined },
        isLate,
      },
      true,
    );
  } finally {
    clearTimeout(impatient);
  }
}
