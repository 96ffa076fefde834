import assert from "node:assert/strict";
import { test } from "node:test";

import { interleave, type Participant } from "../../bench/measured/interleave.ts";
import { monitorLoop } from "../../bench/measured/loop-delay.ts";

/** Participants that write down when it is their turn; a sample is the number of the turn. */
function recorded(names: readonly string[]): { turns: string[]; participants: Participant[] } {
  const turns: string[] = [];
  const participants = names.map((contender) => ({
    contender,
    cases: [{ case: "turn", unit: "ms" as const }],
    measure: async () => [turns.push(contender)],
  }));
  return { turns, participants };
}

test("contenders take turns, and the rounds before are not counted", async () => {
  const { turns, participants } = recorded(["A", "B"]);
  const { series, missing } = await interleave(participants, { counted: 2, warmUp: 1 });
  assert.equal(turns.join(""), "ABABAB");
  assert.deepEqual(
    series.map(({ contender, samples }) => [contender, samples]),
    [
      ["A", [3, 5]],
      ["B", [4, 6]],
    ],
  );
  assert.deepEqual(missing, []);
});

test("of a turn that is primed the second start counts", async () => {
  const { turns, participants } = recorded(["A", "B"]);
  const { series } = await interleave(participants, { counted: 2, warmUp: 0, isPrimed: true });
  assert.equal(turns.join(""), "AABBAABB");
  assert.deepEqual(series[0]?.samples, [2, 6]);
});

test("slow ones take turns after the others, five times", async () => {
  const { turns, participants } = recorded(["S", "A"]);
  const [slow, other] = participants;
  assert.ok(slow && other);
  await interleave([{ ...slow, isSlow: true }, other], { counted: 7, warmUp: 0 });
  assert.equal(turns.join(""), "AAAAAAASSSSS");
});

test("one that fails is out, with the reason, and the others go on", async () => {
  const { turns, participants } = recorded(["A", "B"]);
  const failing: Participant = {
    contender: "C",
    cases: [{ case: "turn", unit: "ms" }],
    measure: () => (turns.push("C") > 3 ? Promise.reject(new Error("no more")) : Promise.resolve([0])),
  };
  const { series, missing } = await interleave([failing, ...participants], { counted: 3, warmUp: 0 });
  assert.equal(turns.join(""), "CABCABAB");
  assert.deepEqual(missing, [{ contender: "C", reason: "turn: no more" }]);
  assert.deepEqual(
    series.map(({ contender }) => contender),
    ["A", "B"],
  );
});

test("an event loop that is blocked until the end is late all the time", () => {
  const stop = monitorLoop();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  const { p50, p99 } = stop();
  // Timers of each of the hundred milliseconds waited from 100 ms down to none.
  assert.ok(p50 > 40 && p50 < 0.75 * p99 && p99 > 90, `${p50} ${p99}`);
});
