import type { Target, Term } from "../targets.ts";
import type { Series } from "../measured/index.ts";
import { ratioOfMedians, type Interval } from "./statistics.ts";
import type { Measured, Place } from "./summary.ts";
import { figure, interval, table } from "./table.ts";

/** What became of a target in one place. */
export interface Verdict extends Partial<Place> {
  target: string;
  limit: string;
  /** Undefined where it was not measured. */
  found: Interval | undefined;
  /** As "reached" or "missed by 12 %", by the median; not surely, where the interval has the limit in it. */
  verdict: string;
}

function seriesOf(group: Measured, { case: name, contender }: Term): Series | undefined {
  return group.series.find((one) => one.case === name && one.contender === contender);
}

function judge(target: Target, group: Measured): Verdict | undefined {
  const above = seriesOf(group, target.of);
  const below = target.to ? seriesOf(group, target.to) : undefined;
  if (!above || (target.to && !below)) return undefined;
  const found = ratioOfMedians(above.samples, below?.samples);
  const isReached = target.is === "at most" ? found.value <= target.limit : found.value >= target.limit;
  const off = Math.abs(found.value / target.limit - 1) * 100;
  const { scenario, runtime, guest } = group;
  const isSure = found.high <= target.limit || found.low >= target.limit;
  const verdict = `${isReached ? "reached" : `missed by ${figure(off)} %`}${isSure ? "" : ", not surely"}`;
  return { target: target.text, limit: `${target.is} ${target.limit}`, scenario, runtime, guest, found, verdict };
}

/** Each target in each place where it was measured, or once as not measured. */
export function judgeAll(targets: readonly Target[], groups: readonly Measured[]): Verdict[] {
  return targets.flatMap((target): Verdict[] => {
    const verdicts = groups
      .filter(
        ({ scenario, heldMB, runtime }) =>
          scenario === target.scenario &&
          heldMB === target.heldMB &&
          (target.runtime === undefined || runtime.startsWith(target.runtime)),
      )
      .flatMap((group) => judge(target, group) ?? []);
    if (verdicts.length > 0) return verdicts;
    const { text, limit, is, scenario } = target;
    return [{ target: text, limit: `${is} ${limit}`, scenario, found: undefined, verdict: "not measured" }];
  });
}

/** The verdicts as a table. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const head = ["target", "limit", "runtime", "apart", "found [95 %]", ""];
  const rows = verdicts.map(({ target, limit, runtime, guest, found, verdict }) => [
    target,
    limit,
    runtime ?? "",
    guest ?? "",
    found ? interval(found) : "",
    verdict,
  ]);
  return `\n## Targets\n\n${table([head, ...rows])}`;
}
