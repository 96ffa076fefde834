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

/**
 * How the medians of two contenders compare, with the interval that a bootstrap over the rounds gives: a round is drawn
 * with the samples of both, for what disturbs the machine disturbs both.
 *
 * @param above Samples by round; null where it did not take part.
 * @param below The same rounds; without it the median of `above` itself.
 */
export function ratioOfMedians(above: readonly (number | null)[], below?: readonly (number | null)[]): Interval {
  const pairs: [number, number][] = [];
  for (const [round, one] of above.entries()) {
    const other = below ? below[round] : 1;
    if (one !== null && other !== null && other !== undefined) pairs.push([one, other]);
  }
  const ratio = (drawn: readonly (readonly [number, number])[]): number =>
    median(drawn.map(([one]) => one)) / median(drawn.map(([, other]) => other));
  const random = randomNumbers(SEED);
  const draw = (): [number, number] => pairs[Math.floor(random() * pairs.length)] ?? [NaN, NaN];
  const ratios = Array.from({ length: RESAMPLES }, () => ratio(pairs.map(draw)));
  return { value: ratio(pairs), low: quantile(ratios, 0.025), high: quantile(ratios, 0.975) };
}
