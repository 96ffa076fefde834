import assert from "node:assert/strict";
import { test } from "node:test";

import { judgeAll, median, quantile, ratioOfMedians, summarize, type Measured } from "../../bench/report/index.ts";
import { TARGETS, type Target } from "../../bench/targets.ts";

const rounds = Array.from({ length: 100 }, (_, round) => round);
/** From 1 to about 1.1, each round another. */
const jitter = (round: number): number => 1 + ((round * 37) % 100) / 1000;

test("a quantile lies between the samples around it", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(quantile([5, 1, 2, 3, 4], 0.25), 2);
  assert.ok(Number.isNaN(median([])));
});

test("a ratio's interval holds it, is the same in each run, and is wider where the samples are", () => {
  const steady = rounds.map((round) => jitter(round) / 2);
  const unsteady = steady.map((one, round) => one * (1 + ((round * 61) % 100) / 20));
  const [narrow, wide] = [steady, unsteady].map((above) => ratioOfMedians(above, rounds.map(jitter)));
  assert.ok(narrow && wide);
  assert.ok(Math.abs(narrow.value - 0.5) < 1e-9);
  for (const { value, low, high } of [narrow, wide]) assert.ok(low <= value && value <= high);
  assert.ok(wide.high - wide.low > 0.1 && wide.high - wide.low > 10 * (narrow.high - narrow.low));
  assert.deepEqual(ratioOfMedians(unsteady, rounds.map(jitter)), wide);
});

test("what disturbs a whole round does not widen a ratio's interval", () => {
  const disturbed = rounds.map((round) => jitter(round) * (round % 3 === 0 ? 10 : 1));
  const { low, high } = ratioOfMedians(
    disturbed.map((one) => one / 2),
    disturbed,
  );
  assert.ok(Math.abs(low - 0.5) < 1e-9 && Math.abs(high - 0.5) < 1e-9);
});

test("of contenders that did not take turns, all samples count", () => {
  const { value, low, high } = ratioOfMedians([1, 2, 3, 4, 5], [10, 30]);
  assert.deepEqual([value, low >= 1 / 30, high <= 0.5], [0.15, true, true]);
});

test("rounds in which one did not take part are left out", () => {
  assert.equal(ratioOfMedians([1, 100, 100], [2, null, null]).value, 0.5);
});

function measured(native: number, other: number): Measured {
  const series = [
    { case: "exec true", contender: "native", unit: "ms" as const, samples: [native, native, native] },
    { case: "exec true", contender: "nsenter", unit: "ms" as const, samples: [other, other, null] },
  ];
  const where = { scenario: "startup", runtime: "node 20.0.0", guest: "mnt", heldMB: 0 } as const;
  return { ...where, base: "native", series, missing: [] };
}

test("a summary has the medians, and the base's ratio to each other contender", () => {
  const [native, nsenter] = summarize(measured(1, 4)).series;
  assert.deepEqual([native?.median, native?.samples, native?.baseRatio], [1, 3, undefined]);
  assert.deepEqual([nsenter?.median, nsenter?.samples, nsenter?.baseRatio?.value], [4, 2, 0.25]);
});

test("a target is reached, missed by so much, or not measured", () => {
  const target: Target = {
    text: "native / nsenter",
    scenario: "startup",
    heldMB: 0,
    of: { case: "exec true", contender: "native" },
    to: { case: "exec true", contender: "nsenter" },
    is: "at most",
    limit: 0.3,
  };
  const verdicts = (group: Measured, change: Partial<Target> = {}): string[] =>
    judgeAll([{ ...target, ...change }], [group]).map(({ verdict }) => verdict);
  assert.deepEqual(verdicts(measured(1, 4)), ["reached"]);
  assert.deepEqual(verdicts(measured(1.5, 4)), ["missed by 25.0 %"]);
  assert.deepEqual(verdicts(measured(1, 4), { is: "at least" }), ["missed by 16.7 %"]);
  for (const change of [{ runtime: "deno" as const }, { heldMB: 500 }, { scenario: "held" as const }]) {
    assert.deepEqual(verdicts(measured(1, 4), change), ["not measured"]);
  }
});

test("no two targets are called the same", () => {
  assert.equal(new Set(TARGETS.map(({ text }) => text)).size, TARGETS.length);
});
