/** What node:test counts, in the order in which it prints it. */
const NAMES = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo"] as const;

/** How many tests of each kind there were. */
export type Counts = Record<(typeof NAMES)[number], number>;

/** The summary at the end of what node:test prints. */
const SUMMARY = new RegExp(`${NAMES.map((name) => `^# ${name} (\\d+)\n`).join("")}^# duration_ms .*\n?`, "m");

/** No test at all. */
export function noCounts(): Counts {
  return { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
}

export function addCounts(one: Counts, other: Counts): Counts {
  const sum = noCounts();
  for (const name of NAMES) sum[name] = one[name] + other[name];
  return sum;
}

/** Takes the summary out of a file's output. Where there is none, the counts are undefined. */
export function takeSummary(output: string): { counts: Counts | undefined; rest: string } {
  const found = SUMMARY.exec(output);
  if (!found) return { counts: undefined, rest: output };
  const counts = noCounts();
  NAMES.forEach((name, index) => (counts[name] = Number(found[index + 1])));
  return { counts, rest: output.replace(found[0], "").trimEnd() };
}

/** The lines of the summary, as node:test prints them. */
export function summaryLines(counts: Counts, milliseconds: number): string[] {
  return [...NAMES.map((name) => `# ${name} ${counts[name]}`), `# duration_ms ${milliseconds.toFixed(0)}`];
}
