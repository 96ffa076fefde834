import { makeContenders, type Contender, type Work } from "../contenders/index.ts";
import type { Participant, Rounds } from "../interleave.ts";
import { loadPackage, type Package } from "../package.ts";
import type { Group, Missing, Task, Unit } from "../task.ts";

/** What a scenario works with. */
export interface Bench {
  task: Task;
  own: Package;
  contenders: readonly Contender[];
  missing: readonly Missing[];
}

/** Makes the contenders, hands them to the body, and closes them whatever happens. */
export async function withBench(task: Task, body: (bench: Bench) => Promise<Group[]>): Promise<Group[]> {
  const own = await loadPackage(task.repository);
  const { list, missing } = await makeContenders(own, task);
  try {
    return await body({ task, own, contenders: list, missing });
  } finally {
    for (const contender of list) contender.close();
  }
}

/** So many rounds, unless the task says otherwise. */
export function roundsOf({ rounds, isQuick }: Task, usual: number, warmUp: number): Rounds {
  if (isQuick) return { counted: rounds ?? Math.ceil(usual / 40), warmUp: Math.min(warmUp, 1) };
  return { counted: rounds ?? usual, warmUp };
}

/** A case of a scenario: what is done, and what one turn answers. */
export interface Case<Actor extends Contender = Contender> {
  name: string;
  work: Work;
  /** By default the case's own name, in milliseconds. */
  measures?: readonly { case: string; unit: Unit }[];
  measure: (contender: Actor, work: Work) => Promise<readonly number[]>;
}

/** Each contender in each case that the task wants; those that cannot say why. */
export function participantsOf<Actor extends Contender>(
  contenders: readonly Actor[],
  cases: readonly Case<Actor>[],
  task: Task,
): { participants: Participant[]; missing: Missing[] } {
  const participants: Participant[] = [];
  const missing: Missing[] = [];
  for (const { name, work, measures, measure } of cases) {
    if (task.cases && !task.cases.includes(name)) continue;
    for (const contender of contenders) {
      const reason = contender.cannot?.(work);
      if (reason !== undefined) missing.push({ contender: contender.name, reason: `${name}: ${reason}` });
      else {
        participants.push({
          contender: contender.name,
          cases: measures ?? [{ case: name, unit: "ms" }],
          isSlow: contender.isSlow,
          measure: () => measure(contender, work),
        });
      }
    }
  }
  return { participants, missing };
}

/** Splits the contenders; those that do not take part are named with the reason. */
export function only<Actor extends Contender>(
  contenders: readonly Contender[],
  takesPart: (contender: Contender) => contender is Actor,
  reason: string,
): { list: Actor[]; missing: Missing[] } {
  const list = contenders.filter(takesPart);
  const others = contenders.filter((contender) => !takesPart(contender));
  return { list, missing: others.map(({ name }) => ({ contender: name, reason })) };
}
