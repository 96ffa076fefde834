import type { Interval } from "./statistics.ts";
import type { Summary } from "./summary.ts";

/** Three digits that matter. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** A figure and its interval. */
export function interval({ value, low, high }: Interval): string {
  return `${figure(value)} [${figure(low)}, ${figure(high)}]`;
}

/** Rows under a head, as Markdown, its columns aligned. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** Where a group was measured, in words. */
export function placeOf({ scenario, runtime, guest, heldMB }: Omit<Summary, "series" | "missing" | "base">): string {
  const apart = guest === undefined ? [] : [guest === "all" ? "all namespaces apart" : "mnt apart"];
  return [scenario, runtime, ...apart, `${heldMB} MB held`].join(", ");
}

/** A group's medians, and who is missing. */
export function groupTable(summary: Summary): string {
  const head = ["case", "contender", "unit", "n", "median", "p95", `${summary.base} / it [95 %]`];
  const rows = summary.series.map((one) => [
    one.case,
    one.contender,
    one.unit,
    String(one.samples),
    figure(one.median),
    figure(one.p95),
    one.baseRatio ? interval(one.baseRatio) : "",
  ]);
  const missing = summary.missing.map(({ contender, reason }) => `not measured: ${contender}: ${reason}`);
  return [`\n## ${placeOf(summary)}\n`, ...(rows.length > 0 ? [table([head, ...rows])] : []), ...missing].join("\n");
}
