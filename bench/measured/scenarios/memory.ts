import { once } from "node:events";

import { isStarter, type Run, type Starter, type Work } from "../contenders/index.ts";
import { interleave, type Participant } from "../interleave.ts";
import type { Group, Task } from "../task.ts";
import { only, participantsOf, roundsOf, withBench, type Case } from "./bench.ts";
import { descendants, nameOf, proportionalSetSize } from "./descendants.ts";

/** It has written something, so all that a step needs is there; it ends with its stdin. */
const WAITING: Work = { kind: "exec", command: (at) => ["sh", "-c", 'echo; exec "$0" cat', at("busybox")] };
const SHORT: Work = { kind: "exec", command: (at) => [at("busybox"), "true"] };

/** The KB of each process between us and the step's own program, parents first, while so many steps run. */
async function sizesOf(contender: Starter, count: number): Promise<number[]> {
  const before = new Set(descendants());
  const runs: Run[] = [];
  try {
    for (let index = 0; index < count; index++) runs.push(contender.start(WAITING, { hasStdin: true, isRead: true }));
    await Promise.all(runs.map(({ stdout }) => once(stdout, "data")));
    const between = descendants().filter((pid) => !before.has(pid) && !["busybox", "sh"].includes(nameOf(pid)));
    return between.map(proportionalSetSize);
  } finally {
    for (const { stdin, stdout } of runs) {
      stdout.resume();
      stdin?.end();
    }
    await Promise.all(runs.map(({ ended }) => ended));
  }
}

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

function cases(isQuick: boolean): Case<Starter>[] {
  const many = isQuick ? 20 : 500;
  const names = ["one step: its first process", "one step: all between us and its program"];
  const shared = `${many} steps at once: all between us and the program, per step`;
  return [
    {
      name: "one step",
      work: WAITING,
      measures: names.map((name) => ({ case: name, unit: "KB" })),
      async measure(contender) {
        const sizes = await sizesOf(contender, 1);
        return [sizes[0] ?? 0, sum(sizes)];
      },
    },
    {
      name: "many steps",
      work: WAITING,
      measures: [{ case: shared, unit: "KB" }],
      measure: async (contender) => [sum(await sizesOf(contender, many)) / many],
    },
  ];
}

function residentMB(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1e6;
}

/** What our own memory grows by over many steps. */
function growth(contender: Starter, isQuick: boolean): Participant {
  const [warmUp, steps] = isQuick ? [200, 1000] : [2000, 20_000];
  const repeat = async (count: number): Promise<void> => {
    for (let step = 0; step < count; step++) await contender.start(SHORT).ended;
  };
  return {
    contender: contender.name,
    // V8 widens its young generation as it goes; what leaks goes on after that.
    cases: [
      { case: `growth of our own memory over ${steps} steps`, unit: "MB" },
      { case: `growth over ${steps} steps more`, unit: "MB" },
    ],
    async measure() {
      await repeat(warmUp);
      const before = residentMB();
      await repeat(steps);
      const between = residentMB();
      await repeat(steps);
      return [between - before, residentMB() - between];
    },
  };
}

/** What a step costs of memory while it runs, and what remains of it. */
export function memory(task: Task): Promise<Group[]> {
  return withBench(task, async ({ contenders, missing }) => {
    const starters = only(contenders, isStarter, "nothing is between it and the program");
    const rounds = roundsOf(task, 3, 0);
    const quick = starters.list.filter(({ isSlow }) => !isSlow);
    const [one, many] = cases(task.isQuick);
    const sizes = await interleave(
      [
        ...participantsOf(starters.list, one ? [one] : [], task).participants,
        ...participantsOf(quick, many ? [many] : [], task).participants,
      ],
      rounds,
    );
    const native = starters.list.filter(({ name }) => name === "native");
    const growths = await interleave(
      native.map((contender) => growth(contender, task.isQuick)),
      { counted: 1, warmUp: 0 },
    );
    return [
      {
        base: "native",
        heldMB: 0,
        series: [...sizes.series, ...growths.series],
        missing: [...missing, ...starters.missing, ...sizes.missing, ...growths.missing],
      },
    ];
  });
}
