import type { Missing, Series, Unit } from "./task.ts";

/** Who takes its turn in each round. */
export interface Participant {
  contender: string;
  /** What one turn measures. */
  cases: readonly { case: string; unit: Unit }[];
  /** It takes a hundred milliseconds and more: it takes part in five rounds, after the others'. */
  isSlow?: boolean | undefined;
  /** One turn: a sample for each case, in their order. */
  measure: () => Promise<readonly number[]>;
}

export interface Rounds {
  /** Those that count. */
  counted: number;
  /** Those before, which fill caches. */
  warmUp: number;
  /**
   * Each turn is taken twice, and the second counts. A fork by the contender before has made every page of ours
   * copy-on-write, and whoever comes next pays for writing to them: some thirty page faults that are not its own.
   */
  isPrimed?: boolean;
}

const SLOW_ROUNDS = 5;

/** A participant and its samples so far. */
interface Place {
  participant: Participant;
  series: Series[];
  /** Why it is out. */
  failure?: unknown;
}

async function takeTurns(places: readonly Place[], { counted, warmUp, isPrimed }: Rounds): Promise<void> {
  for (let round = -warmUp; round < counted; round++) {
    for (const place of places.filter(({ failure }) => failure === undefined)) {
      try {
        if (isPrimed) await place.participant.measure();
        const samples = await place.participant.measure();
        if (round < 0) continue;
        for (const [index, one] of place.series.entries()) one.samples.push(samples[index] ?? null);
      } catch (error) {
        place.failure = error;
      }
    }
  }
}

function missingOf({ participant: { contender, cases }, failure }: Place): Missing {
  const what = cases.map((one) => one.case).join(", ");
  return { contender, reason: `${what}: ${failure instanceof Error ? failure.message : String(failure)}` };
}

/**
 * Lets the participants take turns (A B C A B C ...), so that drift of the machine hits them alike. The slow ones do so
 * afterwards, among themselves: what a container engine does behind a step's back would hit whoever comes next. One that
 * fails is out from then on, and the reason is told.
 */
export async function interleave(
  participants: readonly Participant[],
  rounds: Rounds,
): Promise<{ series: Series[]; missing: Missing[] }> {
  const places = participants.map((participant): Place => {
    const { contender, cases } = participant;
    return { participant, series: cases.map((one) => ({ case: one.case, unit: one.unit, contender, samples: [] })) };
  });
  await takeTurns(
    places.filter(({ participant }) => !participant.isSlow),
    rounds,
  );
  await takeTurns(
    places.filter(({ participant }) => participant.isSlow),
    { counted: Math.min(rounds.counted, SLOW_ROUNDS), warmUp: Math.min(rounds.warmUp, 1) },
  );
  const isIn = ({ failure }: Place): boolean => failure === undefined;
  return {
    series: places.filter(isIn).flatMap(({ series }) => series),
    missing: places.filter((place) => !isIn(place)).map(missingOf),
  };
}
