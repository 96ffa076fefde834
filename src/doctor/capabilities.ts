import { missingCapabilities, type CapabilityName } from "../container/index.ts";
import type { AgentFacts } from "./agent-facts.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { grant } from "./grant.ts";

/** What every entry takes. */
const ALWAYS: readonly CapabilityName[] = [
  "CAP_SYS_ADMIN",
  "CAP_SYS_CHROOT",
  "CAP_SETUID",
  "CAP_SETGID",
  "CAP_SETPCAP",
];
/** For a container of another user, or one with more capabilities. Where it takes them, its own checks say so. */
const FOR_SOME: readonly CapabilityName[] = ["CAP_KILL", "CAP_CHOWN", "CAP_SYS_PTRACE"];

function list(names: readonly CapabilityName[]): string {
  return names.map((name) => name.slice("CAP_".length)).join(", ");
}

/** Which of those that entering a container can take this process has. */
export function checkCapabilities({ name, entered }: AgentFacts): Finding {
  const lacks = missingCapabilities(ALWAYS);
  if (lacks.length === 0) {
    const others = missingCapabilities(FOR_SOME);
    const also = others.length === 0 ? "" : `; without ${list(others)}, which some containers of other users take`;
    return ok("capabilities", `all that each entry takes${also}`);
  }
  const isEnough = entered === "all";
  return fault("capabilities", isEnough ? "degraded" : "missing", {
    what: `this process, of user ${process.geteuid?.()}, lacks ${list(lacks)}`,
    effect: isEnough
      ? "none for the containers that are here now"
      : `${entered === "some" ? "not every" : "no"} container can be entered`,
    mend: grant(name, lacks),
  });
}
