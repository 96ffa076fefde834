import type { CheckStatus, Finding, Report } from "../doctor/index.ts";

const WIDTH = 80;
const STATUS_WIDTH = 10;
const CHECK_WIDTH = 15;
const LABEL_WIDTH = 8;

/** ANSI colours by status. */
const COLORS: Readonly<Record<CheckStatus, number>> = { ok: 32, degraded: 33, missing: 31 };

/** Breaks a text into lines; what has no space to break at is broken where it must be. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    for (; word.length > width; word = word.slice(width)) {
      if (line !== "") lines.push(line);
      line = "";
      lines.push(word.slice(0, width));
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

/** The text in a column of its own, right of what its first line begins with. */
function column(first: string, text: string): string[] {
  const indent = " ".repeat(first.length);
  return wrap(text, WIDTH - first.length).map((line, index) => `${index === 0 ? first : indent}${line}`);
}

function describe({ check, status, what, effect, mend }: Finding): string[] {
  const start = `  ${status.padEnd(STATUS_WIDTH)}`;
  const indent = " ".repeat(start.length);
  const label = (name: string): string => `${indent}${name.padEnd(LABEL_WIDTH)}`;
  return [
    ...column(`${start}${check.padEnd(CHECK_WIDTH)}`, what),
    ...(effect === undefined ? [] : column(label("effect"), effect)),
    ...(mend === undefined ? [] : column(label("mend"), mend.text)),
    // As it is, for it is to be copied.
    ...(mend?.yaml === undefined ? [] : mend.yaml.split("\n").map((line) => `${label("")}${line}`)),
  ];
}

/** One line of at most the width: of a container that does not count, what there is suffices. */
function shorten({ check, status, what }: Finding): string[] {
  const line = `  ${status.padEnd(STATUS_WIDTH)}${check.padEnd(CHECK_WIDTH)}${what}`;
  return [line.length <= WIDTH ? line : `${line.slice(0, WIDTH - 1).trimEnd()}…`];
}

function paint(finding: Finding, lines: readonly string[]): string[] {
  const [first = "", ...rest] = lines;
  const { status } = finding;
  return [first.replace(status, `\u001b[${COLORS[status]}m${status}\u001b[0m`), ...rest];
}

/**
 * A report for people, in lines of at most 80 characters but for what is to be copied.
 *
 * @param hasColors Whether it goes to a terminal that shows them.
 */
export function formatReport({ agent, containers, summary }: Report, hasColors: boolean): string {
  const block = (title: string, checks: readonly Finding[], format = describe): string[] => [
    ...wrap(title, WIDTH),
    ...checks.flatMap((finding) => (hasColors ? paint(finding, format(finding)) : format(finding))),
    "",
  ];
  const isAnyChosen = containers.some(({ isChosen }) => isChosen);
  const lines = [
    ...block(
      `${agent.name ?? "agent"} (process ${agent.pid}, user ${agent.uid}): where k8s-executor runs`,
      agent.checks,
    ),
    ...containers.flatMap(({ label, isChosen, checks }) => {
      if (isChosen) return block(`${label}: chosen`, checks);
      return isAnyChosen ? block(`${label}: not chosen, and does not count`, checks, shorten) : block(label, checks);
    }),
    ...summary.flatMap((sentence) => wrap(sentence, WIDTH)),
  ];
  return `${lines.join("\n")}\n`;
}
