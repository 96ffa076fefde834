import { monotonicOrigin } from "../clock.ts";
import { isStarter, type Starter, type Work } from "../contenders/index.ts";
import { interleave } from "../interleave.ts";
import type { Group, Task } from "../task.ts";
import { only, participantsOf, roundsOf, withBench } from "./bench.ts";

const STAMP: Work = { kind: "exec", command: (at) => [at("stamp")] };

/** Milliseconds from our start to the first byte, and from the program's end to ours. */
async function measure(contender: Starter, origin: number): Promise<readonly number[]> {
  const begin = performance.now();
  const run = contender.start(STAMP, { isRead: true });
  let first = NaN;
  let text = "";
  run.stdout.on("data", (chunk: Buffer) => {
    if (text === "") first = performance.now();
    text += chunk.toString();
  });
  await run.ended;
  const end = performance.now();
  const [, ended = NaN] = text.trim().split("\n").map(Number);
  const toResult = end + origin - ended / 1e6;
  // Clocks that do not agree would give any number.
  if (!(first >= begin && toResult >= 0 && toResult < end - begin)) {
    throw new Error(`the stamps are out of order: ${JSON.stringify({ begin, first, end, toResult, text })}`);
  }
  return [first - begin, toResult];
}

/** How soon a step's first byte comes, and how soon its end is known. */
export function latency(task: Task): Promise<Group[]> {
  return withBench(task, async ({ contenders, missing }) => {
    const origin = monotonicOrigin(task.repository);
    const starters = only(contenders, isStarter, "it times whole runs only");
    const rounds = { ...roundsOf(task, 200, 20), isPrimed: true };
    const measures = [
      { case: "start to first byte", unit: "ms" },
      { case: "exit to result", unit: "ms" },
    ] as const;
    const one = { name: "stamps", work: STAMP, measures, measure: (contender: Starter) => measure(contender, origin) };
    const chosen = participantsOf(starters.list, [one], task);
    const measured = await interleave(chosen.participants, rounds);
    const absent = [...missing, ...starters.missing, ...chosen.missing, ...measured.missing];
    return [{ base: "native", heldMB: 0, series: measured.series, missing: absent }];
  });
}
