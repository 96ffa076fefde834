import { headline, type Document } from "./document.ts";
import type { SeriesSummary, Summary } from "./summary.ts";
import { figure, placeOf } from "./table.ts";

const CASE = "exec true";
/** Of the levels of memory, those that tell something. */
const PICTURED_MB: ReadonlySet<number> = new Set([0, 500, 2000]);
/** What each contender is called in the picture. */
const NAMES: Readonly<Record<string, string>> = {
  native: "k8s-executor",
  helper: "k8s-executor without FFI",
  "nsenter-backend": "k8s-executor through nsenter",
  nsenter: "nsenter, by child_process",
  spawn: "child_process, no container",
  podman: "podman exec",
  floor: "C, no container",
};

const WIDTH = 760;
const LABELS = 210;
const FIGURES = 80;
const BAR = 16;
const STEP = 21;
const GAP = 34;
const HEAD = 58;
const FOOT = 34;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .level { font-weight: 600 }
  .small { font-size: 11px; fill: #59636e }
  .bar { fill: #8c959f }
  .own { fill: #0969da }
  .grid { stroke: #d1d9e0 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .small { fill: #9198a1 }
    .bar { fill: #656c76 }
    .own { fill: #4493f8 }
    .grid { stroke: #3d444d }
  }`;

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escape(content)}</text>`;
}

/** Where a time is, on a logarithmic scale from the power of ten below the least to the one above the most. */
function scaleFor(times: readonly number[]): { at: (time: number) => number; ticks: number[] } {
  const low = Math.floor(Math.log10(Math.min(...times)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...times))));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const width = WIDTH - LABELS - FIGURES;
  return { at: (time) => LABELS + ((Math.log10(time) - low) / (high - low)) * width, ticks };
}

function bars(top: number, series: readonly SeriesSummary[], at: (time: number) => number): string[] {
  return series.flatMap(({ contender, median, baseRatio }, index) => {
    const y = top + index * STEP;
    const end = at(median).toFixed(1);
    const width = (at(median) - LABELS).toFixed(1);
    const times = baseRatio ? `, ${figure(1 / baseRatio.value)} ×` : "";
    return [
      text(LABELS - 8, y + 13, NAMES[contender] ?? contender, 'text-anchor="end"'),
      `<rect x="${LABELS}" y="${y}" width="${width}" height="${BAR}" rx="2" class="bar${contender === "native" ? " own" : ""}"/>`,
      text(Number(end) + 6, y + 13, `${figure(median)} ms${times}`),
    ];
  });
}

/**
 * Bars of the medians, by the memory that the worker holds.
 *
 * @param runtime As the document calls it, "node 20.20.2".
 * @param guest "mnt" or "all".
 * @returns The SVG, which follows the reader's light or dark mode.
 * @throws Error where the document has no such figures.
 */
export function drawStarts(document: Document, runtime: string, guest: string): string {
  const isPictured = (group: Summary): boolean =>
    ["startup", "held"].includes(group.scenario) &&
    group.runtime === runtime &&
    group.guest === guest &&
    PICTURED_MB.has(group.heldMB);
  const groups = document.groups
    .filter(isPictured)
    .map((group): [Summary, SeriesSummary[]] => [group, group.series.filter((one) => one.case === CASE)])
    .filter(([, series]) => series.length > 0)
    .toSorted(([one], [other]) => one.heldMB - other.heldMB);
  const [first] = groups;
  if (!first) throw new Error(`the results have no starts in ${runtime} with ${guest} apart`);
  const { at, ticks } = scaleFor(groups.flatMap(([, series]) => series.map(({ median }) => median)));
  const parts: string[] = [];
  let y = HEAD;
  for (const [group, series] of groups) {
    parts.push(text(LABELS, y + 12, `the worker holds ${group.heldMB} MB`, 'class="level"'));
    parts.push(...bars(y + 20, series, at));
    y += 20 + series.length * STEP + GAP - STEP / 2;
  }
  const grid = ticks.flatMap((tick) => {
    const x = at(tick).toFixed(1);
    return [
      `<line x1="${x}" x2="${x}" y1="${HEAD}" y2="${y - 12}" class="grid"/>`,
      text(Number(x), y + 2, `${tick} ms`, 'text-anchor="middle" class="small"'),
    ];
  });
  const height = y + FOOT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>Start of true in a container, medians</title>`,
    `<style>${STYLE}</style>`,
    text(12, 22, "Starting `true`, until its exit is seen and its output drained", 'class="title"'),
    text(
      12,
      42,
      `${placeOf(first[0]).split(", ").slice(1, 3).join(", ")}; medians, and how many times k8s-executor's; logarithmic scale`,
      'class="small"',
    ),
    ...grid,
    ...parts,
    text(12, height - 10, headline(document), 'class="small"'),
    "</svg>",
    "",
  ].join("\n");
}
