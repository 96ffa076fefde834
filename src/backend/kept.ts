import type { AttributeName, Container } from "../container/index.ts";
import { errnoName } from "../errors/index.ts";
import type { PreparedStep } from "../step/index.ts";
import type { EndRecord } from "./record.ts";
import type { Ending } from "./types.ts";

function isSameSet(some: readonly number[], others: readonly number[]): boolean {
  return some.every((one) => others.includes(one)) && others.every((one) => some.includes(one));
}

/** Why the kernel refuses to give a step what its container has. */
const WHY: Partial<Record<AttributeName, string>> = {
  "CPU affinity": "none of its processors is the agent's",
  "scheduling policy": "CAP_SYS_NICE is missing",
  "nice value": "CAP_SYS_NICE is missing",
};

/** What is not known of a step's end, in words. */
export function unknownOf({ survivors }: Pick<Ending, "survivors">, { hiding }: Container): string[] {
  if (survivors !== undefined) return [];
  const why = hiding === undefined ? "/proc does not list them" : `/proc hides processes, hidepid=${hiding}`;
  return [`what the step left in the background cannot be counted (${why})`];
}

/** What a step had of the agent's rather than of the container's, in words. */
export function keptOf(record: EndRecord, step: PreparedStep, container: Container): string[] {
  const notes: string[] = [];
  const obstacles = [...(container.cgroups?.obstacles ?? [])];
  if (record.keptCgroup) obstacles.unshift(errnoName(record.cgroupErrno));
  if (obstacles.length > 0) {
    notes.push(`the container's cgroup was not joined (${obstacles.join("; ")}): the agent's limits apply to the step`);
  }
  if (record.keptOomScore) notes.push("the container's oom_score_adj was not taken over (CAP_SYS_RESOURCE is missing)");
  if (record.keptLimits) {
    notes.push("the container's resource limits were not all taken over (CAP_SYS_RESOURCE is missing)");
  }
  for (const name of record.keptAttributes) {
    notes.push(`the container's ${name} was not taken over (${WHY[name] ?? "the kernel refused it"})`);
  }
  for (const name of container.attributes.unknown) {
    notes.push(`the step kept the agent's ${name}, for the container's cannot be read`);
  }
  if (record.keptGroups && !isSameSet(step.identity.ourGroups, process.getgroups?.() ?? [])) {
    notes.push("the step kept the agent's supplementary groups (CAP_SETGID is missing)");
  }
  if (step.isPrivileged) {
    const isRoot = step.identity.uid === 0;
    notes.push(
      isRoot
        ? "the step kept the agent's capabilities (privileged)"
        : "the step has no capabilities, for its user is not root (privileged changes nothing)",
    );
  }
  return notes;
}
