import { parseArgs } from "node:util";

import { containers, type ContainerInfo } from "../index.ts";
import { HELP } from "./help.ts";
import { explainParsing } from "./parse.ts";
import { usageError } from "./usage-error.ts";

const OPTIONS = { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
const HEADER = ["NAME", "ROLE", "PID", "USER", "STARTED", "MEMORY", "CPU", "ID", "COMMAND"];
const UNITS = ["B", "K", "M", "G", "T"];
/** Of a command line; the whole of it is in --json. */
const MOST_OF_COMMAND = 40;

function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)}${UNITS[unit]}`;
}

/** What is used of what there may be: "12M/64M", "12M" without a limit, "-" where it cannot be seen. */
function use(used: number | undefined, limit: number | undefined, format: (value: number) => string): string {
  if (used === undefined) return "-";
  return limit === undefined || limit === Infinity ? format(used) : `${format(used)}/${format(limit)}`;
}

/** A process may write into its command line what a terminal obeys. */
function printable(text: string): string {
  const shown = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
  return shown.length > MOST_OF_COMMAND ? `${shown.slice(0, MOST_OF_COMMAND - 3)}...` : shown;
}

function started(at: Date): string {
  return at.toISOString().slice(0, 19).replace("T", " ");
}

function row(info: ContainerInfo): string[] {
  const { cgroup } = info;
  const cpu = use(cgroup.cpuSeconds, undefined, (seconds) => `${seconds.toFixed(1)}s`);
  const limit = cgroup.cpuLimit === undefined || cgroup.cpuLimit === Infinity ? "" : `/${cgroup.cpuLimit}cpu`;
  return [
    info.names.length === 0 ? "-" : [...info.names].map(({ name }) => name).join(","),
    info.obstacle === undefined && info.state === "running" ? info.role : `${info.role} (${doubt(info)})`,
    String(info.pid),
    printable(info.user ?? String(info.uid)),
    started(info.startedAt),
    use(cgroup.memoryBytes, cgroup.memoryLimitBytes, size),
    cpu + limit,
    info.id?.slice(0, 12) ?? "-",
    printable(info.command.join(" ")),
  ];
}

function doubt({ state, obstacle }: ContainerInfo): string {
  return state === "running" && obstacle !== undefined ? "not enterable" : state;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEADER.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What JSON leaves as it is, and a terminal may obey: another form of escape sequences, and what changes the order of a line. */
const UNSAFE = /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu;

function escape(text: string): string {
  return text
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

/** JSON has no Infinity: null is no limit, and what is not known is left out. */
function toJson(infos: readonly ContainerInfo[]): string {
  const text = JSON.stringify(infos, (_, value: unknown) => (value === Infinity ? null : value));
  return text.replaceAll(UNSAFE, escape);
}

function readOptions(args: readonly string[]): { json?: boolean; help?: boolean } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    const extra = /^Unexpected argument '(.*)'\./s.exec(error instanceof Error ? error.message : "")?.[1];
    if (extra === undefined) throw explainParsing(error, args);
    throw usageError(`containers takes options only, and ${JSON.stringify(extra)} is none`, "see k8s-executor --help");
  }
}

/** `k8s-executor containers`: what containers there are, as a table or as JSON. */
export async function listContainers(args: readonly string[]): Promise<number> {
  const { json = false, help = false } = readOptions(args);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const infos = await containers();
  process.stdout.write(`${json ? toJson(infos) : table([HEADER, ...infos.map(row)])}\n`);
  return 0;
}
