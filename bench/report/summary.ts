import type { Group, GuestKind, Missing, ScenarioName, Series, Unit } from "../measured/index.ts";
import { median, quantile, ratioOfMedians, type Interval } from "./statistics.ts";

/** Where a group was measured. */
export interface Place {
  scenario: ScenarioName;
  runtime: string;
  /** Undefined where no throw-away guest was needed. */
  guest: GuestKind | undefined;
}

/** A group with all of its samples. */
export type Measured = Place & Group;

/** What the JSON holds of a series. */
export interface SeriesSummary {
  case: string;
  contender: string;
  unit: Unit;
  /** How many samples there are. */
  samples: number;
  median: number;
  p95: number;
  /** The median of the group's base, divided by this one's. */
  baseRatio?: Interval;
}

export type Summary = Place & { base: string; heldMB: number; series: SeriesSummary[]; missing: Missing[] };

/** The samples that there are. */
export function present(series: Series): number[] {
  return series.samples.filter((sample) => sample !== null);
}

function summarizeSeries(one: Series, base: Series | undefined): SeriesSummary {
  const samples = present(one);
  return {
    case: one.case,
    contender: one.contender,
    unit: one.unit,
    samples: samples.length,
    median: median(samples),
    p95: quantile(samples, 0.95),
    ...(base && base !== one ? { baseRatio: ratioOfMedians(base.samples, one.samples) } : {}),
  };
}

/** Medians and ratios of a group. */
export function summarize({ series, ...group }: Measured): Summary {
  const { base } = group;
  const isBaseOf = (one: Series) => (other: Series) => other.contender === base && other.case === one.case;
  return { ...group, series: series.map((one) => summarizeSeries(one, series.find(isBaseOf(one)))) };
}
