import type { Container } from "../container/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { inContainers } from "./mend.ts";

/** How a result tells of it: src/backend/kept.ts. */
const KEPT = /^the container's cgroup was not joined/;

/** Which hierarchies of the container's cgroups steps join; "" is the unified one. */
export type Joins = (hierarchy: string) => boolean;

/**
 * @param limitations As for {@link checkCgroup}.
 * @param backend Undefined where none enters the container; then it is as one would by the container's cgroups.
 */
export function joinsOf({ cgroups }: Container, limitations: readonly string[], backend: string | undefined): Joins {
  const obstacles = cgroups?.obstacles ?? [];
  const told = limitations.find((limitation) => KEPT.test(limitation));
  // What only the entry itself met is told before the obstacles, and not of which hierarchy it was.
  const isRefused = told !== undefined && !told.replace(KEPT, "").startsWith(` (${obstacles.join("; ")})`);
  if (backend === "nsenter" || isRefused) return () => false;
  return (hierarchy) =>
    !obstacles.some((text) => `${text} `.includes(` ${hierarchy === "" ? "cgroup v2" : hierarchy} `));
}

/**
 * Whether steps are in the container's cgroup, so that its limits are theirs.
 *
 * @param limitations What the result of a step said, which may be of no step at all.
 */
export function checkCgroup(
  container: Container,
  limitations: readonly string[],
  agent: string,
  backend: string,
): Finding {
  const obstacles = container.cgroups?.obstacles ?? [];
  const told = limitations.find((limitation) => KEPT.test(limitation));
  if (backend !== "nsenter" && obstacles.length === 0 && told === undefined) {
    return ok("cgroup", "steps are in the container's cgroup: its limits are theirs");
  }
  const why = backend === "nsenter" ? "nsenter cannot" : obstacles.join("; ");
  return fault("cgroup", "degraded", {
    what: why === "" && told !== undefined ? told : `steps are not in the container's cgroup (${why})`,
    effect: "the limits of the agent's container hold for steps",
    mend: inContainers("give the agent's container the limits that a build needs", [
      agent,
      ["resources:", "  limits:", "    memory: 4Gi # as the build needs", '    cpu: "2"'],
    ]),
  });
}
