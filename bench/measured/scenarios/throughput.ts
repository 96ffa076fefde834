import { isStarter, type Contender, type Work } from "../contenders/index.ts";
import { interleave } from "../interleave.ts";
import { monitorLoop } from "../loop-delay.ts";
import type { Group, Task, Unit } from "../task.ts";
import { only, participantsOf, roundsOf, withBench, type Bench, type Case } from "./bench.ts";
import { atEachLevel } from "./levels.ts";

const WORK: Work = { kind: "exec", command: (at) => [at("busybox"), "true"] };
const DURATION_MS = 400;

type Measure = Case["measure"];

/** The floor has no event loop, so it has the rate alone. */
function measures(name: string): { case: string; unit: Unit }[] {
  return [
    { case: name, unit: "per second" },
    { case: `${name}: event loop p50`, unit: "ms" },
    { case: `${name}: event loop p99`, unit: "ms" },
  ];
}

/** All are started in one turn of the event loop. */
const burst =
  (count: number): Measure =>
  async (contender) => {
    const stop = isStarter(contender) ? monitorLoop() : undefined;
    const milliseconds = await contender.time(WORK, count);
    const delay = stop?.();
    return [(count / milliseconds) * 1000, ...(delay ? [delay.p50, delay.p99] : [])];
  };

/** So many are kept running: where one has ended, the next is started. */
const sustained =
  (count: number): Measure =>
  async (contender) => {
    const stop = monitorLoop();
    const begin = performance.now();
    let steps = 0;
    const runOn = async (): Promise<void> => {
      do {
        await contender.time(WORK);
        steps++;
      } while (performance.now() - begin < DURATION_MS);
    };
    await Promise.all(Array.from({ length: count }, runOn));
    const seconds = (performance.now() - begin) / 1000;
    const delay = stop();
    return [steps / seconds, delay.p50, delay.p99];
  };

function cases(heldMB: number): { bursts: Case[]; sustained: Case[] } {
  const of = (counts: readonly number[], what: string, how: (count: number) => Measure): Case[] =>
    counts.map((count) => {
      const name = `${count} ${what}`;
      return { name, work: WORK, measures: measures(name), measure: how(count) };
    });
  // With memory held, half a thousand of child_process take ten seconds and more: the one that a target names.
  const isFull = heldMB === 0;
  return {
    bursts: of(isFull ? [64, 500] : [500], "in one turn", burst),
    sustained: of(isFull ? [1, 8, 64, 500] : [], "kept running", sustained),
  };
}

async function measureRates({ contenders, missing, task }: Bench, heldMB: number): Promise<Group> {
  const rounds = heldMB === 0 ? roundsOf(task, 5, 1) : roundsOf(task, 3, 0);
  const isQuickEnough = (contender: Contender): contender is Contender => !contender.isSlow;
  const quick = only(contenders, isQuickEnough, "it takes a hundred times as long; see startup");
  const starters = only(quick.list, isStarter, "kept running: it starts programs at once or not at all");
  const chosen = cases(heldMB);
  const some = [participantsOf(quick.list, chosen.bursts, task), participantsOf(starters.list, chosen.sustained, task)];
  const measured = await interleave(
    some.flatMap(({ participants }) => participants),
    rounds,
  );
  return {
    base: "native",
    heldMB,
    // The floor has no event loop.
    series: measured.series.filter(({ samples }) => samples.some((sample) => sample !== null)),
    missing: [...missing, ...quick.missing, ...(heldMB === 0 ? starters.missing : []), ...measured.missing],
  };
}

/** Steps per second, and how late the event loop is meanwhile. */
export function throughput(task: Task): Promise<Group[]> {
  return withBench(task, (bench) =>
    atEachLevel(task.heldMB ?? [0, 500], (megabytes) => measureRates(bench, megabytes)),
  );
}
