import type { Contender, Work } from "../contenders/index.ts";
import { interleave, type Rounds } from "../interleave.ts";
import type { Group, Task } from "../task.ts";
import { participantsOf, roundsOf, withBench, type Bench, type Case } from "./bench.ts";
import { SCRIPT } from "./script.ts";

const time = async (contender: Contender, work: Work): Promise<readonly number[]> => [await contender.time(work)];

const CASES: readonly Case[] = [
  { name: "exec true", work: { kind: "exec", command: (at) => [at("busybox"), "true"] }, measure: time },
  { name: "exec sh -c :", work: { kind: "exec", command: () => ["sh", "-c", ":"] }, measure: time },
  { name: "exec sh -c SCRIPT", work: { kind: "exec", command: () => ["sh", "-c", SCRIPT] }, measure: time },
  { name: "run by file", work: { kind: "run", script: SCRIPT, transport: "file" }, measure: time },
  { name: "run by memfd", work: { kind: "run", script: SCRIPT, transport: "memfd" }, measure: time },
];

/** From the start to the exit seen and the output drained, with so much memory held. */
export async function timeStarts({ contenders, missing, task }: Bench, heldMB: number, usual: Rounds): Promise<Group> {
  const rounds = { ...roundsOf(task, usual.counted, usual.warmUp), isPrimed: true };
  const chosen = participantsOf(contenders, CASES, task);
  const measured = await interleave(chosen.participants, rounds);
  return {
    base: "native",
    heldMB,
    series: measured.series,
    missing: [...missing, ...chosen.missing, ...measured.missing],
  };
}

/** Startup latency in a worker that holds nothing. */
export function startup(task: Task): Promise<Group[]> {
  return withBench(task, async (bench) => [await timeStarts(bench, 0, { counted: 200, warmUp: 20 })]);
}
