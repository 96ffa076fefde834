import { readdirSync } from "node:fs";

import { readLimit } from "../container/index.ts";
import { accessProc } from "../system/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { byHand } from "./mend.ts";

/** Pipes, request and control of a step; with what the runtime holds for them. */
const PER_STEP = 8;
/** As many steps at once as a job would ever start. */
const ENOUGH_STEPS = 16;

/** How many files this process may still open. */
export function checkDescriptors(): Finding {
  const soft = readLimit(accessProc(), "/proc/self", "Max open files");
  const open = readdirSync("/proc/self/fd").length;
  const left = soft - open;
  const steps = Math.max(0, Math.floor(left / PER_STEP));
  if (steps >= ENOUGH_STEPS) return ok("descriptors", `${open} of ${soft} in use`);
  return fault("descriptors", steps === 0 ? "missing" : "degraded", {
    what: `${open} of ${soft} in use`,
    effect: steps === 0 ? "no step can be started" : `no more than about ${steps} steps at once`,
    mend: byHand("raise the limit of open files (ulimit -n) of the agent"),
  });
}
