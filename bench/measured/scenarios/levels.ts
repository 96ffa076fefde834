import { Held } from "../held.ts";
import type { Group } from "../task.ts";

/** Measures with more and more memory held; a level for which this machine has too little is named. */
export async function atEachLevel(
  levelsMB: readonly number[],
  measure: (heldMB: number) => Promise<Group>,
): Promise<Group[]> {
  const memory = new Held();
  const groups: Group[] = [];
  for (const heldMB of levelsMB.toSorted((a, b) => a - b)) {
    try {
      memory.grow(heldMB);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      groups.push({ base: "native", heldMB, series: [], missing: [{ contender: "all", reason }] });
      continue;
    }
    groups.push(await measure(heldMB));
  }
  return groups;
}
