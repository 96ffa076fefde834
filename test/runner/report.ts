import { addCounts, noCounts, summaryLines, type Counts } from "./counts.ts";
import type { FileResult } from "./run-file.ts";

/** How many of the slowest files are named. */
const SLOWEST = 10;

/**
 * Whether all is well with a file.
 *
 * @param mayNotSkip Whether a test that was skipped is a failure.
 */
export function hasPassed({ fault, counts }: FileResult, mayNotSkip: boolean): boolean {
  const failures = counts.fail + counts.cancelled + (mayNotSkip ? counts.skipped + counts.todo : 0);
  return fault === undefined && failures === 0;
}

/** A file as a subtest, in the Test Anything Protocol, so that all of them together are one document. */
export function formatFile(result: FileResult, number: number): string {
  const { file, milliseconds, counts, fault, output } = result;
  const nested = output
    .split("\n")
    .filter((line) => !line.startsWith("TAP version"))
    .map((line) => `    ${line}`.trimEnd());
  return [
    `# Subtest: ${file}`,
    ...nested,
    `${hasPassed(result, false) ? "ok" : "not ok"} ${number} - ${file}`,
    "  ---",
    `  duration_ms: ${milliseconds.toFixed(0)}`,
    `  tests: ${counts.tests}`,
    ...(fault === undefined ? [] : [`  error: ${JSON.stringify(fault)}`]),
    "  ...",
    "",
  ].join("\n");
}

/** What is wrong in a file: it as a whole, or its tests by their names. */
function problems({ file, fault, output }: FileResult, mayNotSkip: boolean): string[] {
  const lines = output.split("\n");
  const failed = lines.flatMap((line) => /^\s*not ok \d+ - (.*)$/.exec(line)?.[1] ?? []);
  const skipped = lines.flatMap((line) => /^\s*ok \d+ - (.* # (?:SKIP|TODO).*)$/.exec(line)?.[1] ?? []);
  const found = [...(fault === undefined ? [] : [fault]), ...failed, ...(mayNotSkip ? skipped : [])];
  return found.map((what) => `# failed: ${file}: ${what}`);
}

/** A file that failed as a whole counts as one test more. */
function countsOf({ counts, fault }: FileResult): Counts {
  return fault === undefined ? counts : addCounts(counts, { ...noCounts(), tests: 1, fail: 1 });
}

/** The end of the report: what failed, the slowest files, and one summary of all. */
export function formatEnd(results: readonly FileResult[], milliseconds: number, mayNotSkip: boolean): string {
  const slowest = results.toSorted((one, other) => other.milliseconds - one.milliseconds).slice(0, SLOWEST);
  return [
    `1..${results.length}`,
    ...results.flatMap((result) => (hasPassed(result, mayNotSkip) ? [] : problems(result, mayNotSkip))),
    ...slowest.map(({ file, milliseconds: its }) => `# slow: ${(its / 1000).toFixed(1).padStart(6)} s ${file}`),
    ...summaryLines(results.map(countsOf).reduce(addCounts, noCounts()), milliseconds),
    "",
  ].join("\n");
}
