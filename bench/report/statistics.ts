/** A figure with its 95 % interval. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

const RESAMPLES = 1000;
const SEED = 0x5eed;

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The value below which this share of the samples lies. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = Float64Array.from(samples).toSorted();
  const place = (sorted.length - 1) * share;
  const [below = NaN, above = NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

type Samples = readonly (number | null)[];

/** Draws as many as there are, any of them more than once. */
function resample<Item>(items: readonly Item[], random: () => number): Item[] {
  const drawn: Item[] = [];
  for (const _ of items) {
    const item = items[Math.floor(random() * items.length)];
    if (item !== undefined) drawn.push(item);
  }
  return drawn;
}

function numbers(samples: Samples): number[] {
  return samples.filter((sample) => sample !== null);
}

/** Those who took turns: a round is drawn with the samples of both, for what disturbs the machine disturbs both. */
function drawRounds(above: Samples, below: Samples): (random: (() => number) | undefined) => [number[], number[]] {
  const pairs: [number, number][] = [];
  for (const [round, one] of above.entries()) {
    const other = below[round] ?? null;
    if (one !== null && other !== null) pairs.push([one, other]);
  }
  return (random) => {
    const drawn = random ? resample(pairs, random) : pairs;
    return [drawn.map(([one]) => one), drawn.map(([, other]) => other)];
  };
}

/** Those who did not: each by itself. */
function drawEach(above: Samples, below: Samples): (random: (() => number) | undefined) => [number[], number[]] {
  const both: [number[], number[]] = [numbers(above), numbers(below)];
  return (random) => (random ? [resample(both[0], random), resample(both[1], random)] : both);
}

/**
 * How the medians of two contenders compare, with the interval that a bootstrap over the rounds gives.
 *
 * @param above Samples by round; null where there is none.
 * @param below The same rounds, or another number of them where the two did not take turns; without it the median of
 *   `above` itself is answered.
 */
export function ratioOfMedians(above: Samples, below: Samples = above.map(() => 1)): Interval {
  const draw = (above.length === below.length ? drawRounds : drawEach)(above, below);
  const ratio = ([one, other]: [number[], number[]]): number => median(one) / median(other);
  const random = randomNumbers(SEED);
  const ratios = Array.from({ length: RESAMPLES }, () => ratio(draw(random)));
  return { value: ratio(draw(undefined)), low: quantile(ratios, 0.025), high: quantile(ratios, 0.975) };
}
