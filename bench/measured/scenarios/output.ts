import { isStarter, type Contender, type Starter } from "../contenders/index.ts";
import { interleave } from "../interleave.ts";
import type { Group, Task, Unit } from "../task.ts";
import { only, participantsOf, roundsOf, withBench, type Case } from "./bench.ts";
import { memoryOfReading } from "./checksum.ts";
import { readAll, textOf, type Text } from "./text.ts";

const STREAMS = 8;

async function readStream(contender: Starter, { work, bytes }: Text): Promise<void> {
  const run = contender.start(work, { isRead: true });
  await Promise.all([readAll(run.stdout, bytes), run.ended]);
}

async function readLines(contender: Starter, { work, lines }: Text): Promise<void> {
  const run = contender.start(work, { isRead: true });
  let count = 0;
  // The program's end is awaited with its lines: an error has somebody to go to.
  const read = async (): Promise<void> => {
    for await (const line of run.lines()) if (line.length > 0) count++;
  };
  await Promise.all([read(), run.ended]);
  if (count !== lines) throw new Error(`${count} lines of ${lines} came`);
}

async function rate(bytes: number, body: () => Promise<unknown>): Promise<readonly number[]> {
  const begin = performance.now();
  await body();
  return [bytes / 1e3 / (performance.now() - begin)];
}

function casesOf(task: Task): { any: Case[]; starters: Case<Starter>[]; checksums: Case<Starter>[] } {
  const whole = textOf(task.isQuick ? 40 : 1000);
  const part = textOf(task.isQuick ? 5 : 125);
  const inLines = textOf(task.isQuick ? 10 : 200);
  const once = (name: string): { case: string; unit: Unit }[] => [{ case: name, unit: "MB/s" }];
  // The floor reads and times by itself.
  const read =
    (text: Text, count: number): Case["measure"] =>
    async (contender) => {
      if (!isStarter(contender)) return [(text.bytes * count) / 1e3 / (await contender.time(text.work, count))];
      return rate(text.bytes * count, () =>
        Promise.all(Array.from({ length: count }, () => readStream(contender, text))),
      );
    };
  return {
    any: [
      { name: "one stream", work: whole.work, measures: once("one stream"), measure: read(whole, 1) },
      { name: "eight streams", work: part.work, measures: once("eight streams"), measure: read(part, STREAMS) },
    ],
    starters: [
      {
        name: "line by line",
        work: inLines.work,
        measures: once("line by line"),
        measure: (contender) => rate(inLines.bytes, () => readLines(contender, inLines)),
      },
    ],
    checksums: [false, true].map((isSlow): Case<Starter> => {
      const name = `SHA-256 right, a ${isSlow ? "slow" : "fast"} reader: more memory`;
      return {
        name,
        work: whole.work,
        measures: [{ case: name, unit: "MB" }],
        measure: async (contender) => [await memoryOfReading(contender, whole, isSlow)],
      };
    }),
  };
}

/** How fast a step's stdout comes, and whether every byte does. */
export function output(task: Task): Promise<Group[]> {
  return withBench(task, async ({ contenders, missing }) => {
    const rounds = roundsOf(task, 5, task.isQuick ? 0 : 1);
    const hasOurPrograms = (contender: Contender): contender is Contender => contender.name !== "podman";
    const here = only(contenders, hasOurPrograms, "its image has BusyBox's yes and head, which write more slowly");
    const starters = only(here.list, isStarter, "line by line: it counts bytes only");
    const cases = casesOf(task);
    const rates = await interleave(
      [
        ...participantsOf(here.list, cases.any, task).participants,
        ...participantsOf(starters.list, cases.starters, task).participants,
      ],
      rounds,
    );
    // A checksum is right or wrong: once will do.
    const sums = await interleave(participantsOf(starters.list, cases.checksums, task).participants, {
      counted: 1,
      warmUp: 0,
    });
    return [
      {
        base: "native",
        heldMB: 0,
        series: [...rates.series, ...sums.series],
        missing: [...missing, ...here.missing, ...starters.missing, ...rates.missing, ...sums.missing],
      },
    ];
  });
}
