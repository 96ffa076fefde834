import type { Package } from "../package.ts";
import type { ContenderName, Missing, Task } from "../task.ts";
import { childContender } from "./child.ts";
import type { Contender } from "./contender.ts";
import { floorContender } from "./floor.ts";
import { isOwn, stepContender } from "./step.ts";
import { WAYS } from "./ways.ts";

export { isStarter, type Contender, type Run, type Starter, type Work } from "./contender.ts";
export { Launcher } from "./floor.ts";
export { backendOf, isOwn } from "./step.ts";

/** Those that can run here, and why the others cannot. */
export interface Contenders {
  list: Contender[];
  missing: Missing[];
}

async function makeContender(own: Package, name: ContenderName, task: Task): Promise<Contender> {
  const reason = task.unavailable[name];
  if (reason !== undefined) throw new Error(reason);
  if (isOwn(name)) return stepContender(own, name, task);
  const way = WAYS[name];
  return way ? childContender(way(task), task) : floorContender(task);
}

/** Makes the contenders of a task. */
export async function makeContenders(own: Package, task: Task): Promise<Contenders> {
  const made: Contenders = { list: [], missing: [] };
  for (const contender of task.contenders) {
    try {
      made.list.push(await makeContender(own, contender, task));
    } catch (error) {
      made.missing.push({ contender, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return made;
}
