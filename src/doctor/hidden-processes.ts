import { hidingOfProc } from "../container/index.ts";
import { accessProc } from "../system/index.ts";
import type { AgentFacts } from "./agent-facts.ts";
import { fault, type Finding } from "./finding.ts";
import { grant } from "./grant.ts";

/** Whether /proc hides processes from this one; undefined where it does not. */
export function checkHiddenProcesses({ name }: AgentFacts): Finding | undefined {
  const hiding = hidingOfProc(accessProc());
  if (hiding === undefined) return undefined;
  return fault("proc", "degraded", {
    what: `/proc hides processes from this one (hidepid=${hiding})`,
    effect:
      "containers of other users are not found; what a step leaves in the background is not counted, and some of it may not be ended",
    mend: grant(name, ["CAP_SYS_PTRACE"]),
  });
}
