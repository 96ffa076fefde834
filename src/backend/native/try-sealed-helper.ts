import { ABOVE_SLOTS, SLOT } from "../descriptor-slots.ts";
import { readPipe, readToClose } from "../pipe-streams.ts";
import { judgeTrial, TRIAL_PATIENCE_MS } from "../trial.ts";
import type { Libc } from "./libc.ts";
import type { SealedHelper } from "./sealed-helper.ts";

const SIGKILL = 9;

/**
 * Starts the helper as for a resident, only for it to say whether it would do.
 *
 * @throws Unavailable, SystemError, ExecutorError HELPER_LOST.
 */
export async function trySealedHelper(libc: Libc, helper: SealedHelper): Promise<void> {
  const [read, write] = libc.pipe();
  const report = readToClose(readPipe(read));
  let given = write;
  let pid: number;
  try {
    given = libc.moveAbove(write, ABOVE_SLOTS);
    pid = helper.spawn(["k8s-executor-helper", "v"], [[given, SLOT.status]]);
  } finally {
    libc.close(given);
  }
  let isLate = false;
  // A container that sees our processes can stop it. It is reaped when the timer is off, so until then the number is its own.
  const impatient = setTimeout(() => {
    isLate = true;
    libc.kill(pid, SIGKILL);
  }, TRIAL_PATIENCE_MS);
  await libc.wait(pid).finally(() => clearTimeout(impatient));
  let end = libc.reap(pid);
  for (; !end; end = libc.reap(pid)) await libc.wait(pid);
  judgeTrial({ report: await report, end, isLate }, false);
}
