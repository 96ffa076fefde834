import { SCENARIO } from "./scenarios/index.ts";
import type { Group, Task } from "./task.ts";

export {
  CONTENDERS,
  GUESTS,
  SCENARIOS,
  type ContenderName,
  type Group,
  type GuestKind,
  type Missing,
  type PodmanExec,
  type ScenarioName,
  type Series,
  type Task,
  type Unit,
} from "./task.ts";

/** Measures what a task asks for, in this process. */
export function measureScenario(task: Task): Promise<Group[]> {
  return SCENARIO[task.scenario](task);
}
