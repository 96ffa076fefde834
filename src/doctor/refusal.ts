import type { CapabilityName } from "../container/index.ts";
import { ExecutorError } from "../errors/index.ts";
import { fault, type Finding } from "./finding.ts";
import { grant } from "./grant.ts";
import { problemOf } from "./guarded.ts";
import { byHand, inContainers, type Mend } from "./mend.ts";

function allowCalls(agent: string, calls: string): Mend {
  return inContainers(`allow ${calls} in the agent's seccomp and AppArmor profiles, as the runtime's own do`, [
    agent,
    ["securityContext:", "  seccompProfile:", "    type: RuntimeDefault"],
  ]);
}

/** How to mend what an error tells of; undefined for any other error. */
export function mendOf(agent: string, uid: number | undefined, error: unknown): Mend | undefined {
  if (!(error instanceof ExecutorError)) return undefined;
  const calls = error.details["systemCalls"];
  if (calls !== undefined) return allowCalls(agent, String(calls).split(" ").join(", "));
  if (error.code !== "PERMISSION_DENIED") return byHand(error.remedy);
  const lacks = (error.message.match(/CAP_[A-Z_]+/g) ?? []) as CapabilityName[];
  // Root may look into what is root's.
  const becomesEnough = (process.geteuid?.() ?? 0) !== 0 && uid === 0;
  if (lacks.length > 0) return grant(agent, becomesEnough ? lacks.filter((name) => name !== "CAP_SYS_PTRACE") : lacks);
  return allowCalls(agent, "setns");
}

/**
 * What to say of a container that cannot be entered.
 *
 * @param agent The name of the agent's container.
 * @param uid The user of the main process of the other.
 * @param error Which said so.
 */
export function cannotEnter(
  check: "access" | "entry",
  { agent, uid }: { agent: string; uid: number | undefined },
  error: unknown,
): Finding {
  return fault(check, "missing", {
    what: problemOf(error),
    effect: "no step runs in this container",
    mend: mendOf(agent, uid, error) ?? byHand("report this, with the whole of doctor's output"),
  });
}
