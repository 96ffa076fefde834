import type { ContainerInfo } from "../index.ts";
import { printable } from "../system/index.ts";

const HEADER = ["NAME", "ROLE", "PID", "USER", "STARTED", "MEMORY", "CPU", "ID", "COMMAND"];
const UNITS = ["B", "K", "M", "G", "T"];
/** Of a command line; the whole of it is in --json. */
const MOST_OF_COMMAND = 40;
const MOST_OF_USER = 32;

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
    printable(info.user ?? String(info.uid), MOST_OF_USER),
    started(info.startedAt),
    use(cgroup.memoryBytes, cgroup.memoryLimitBytes, size),
    cpu + limit,
    info.id?.slice(0, 12) ?? "-",
    printable(info.command.join(" "), MOST_OF_COMMAND),
  ];
}

function doubt({ state, obstacle }: ContainerInfo): string {
  return state === "running" && obstacle !== undefined ? "not enterable" : state;
}

/** A line for each, in columns. */
export function toTable(infos: readonly ContainerInfo[]): string {
  const rows = [HEADER, ...infos.map(row)];
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
export function toJson(infos: readonly ContainerInfo[]): string {
  const text = JSON.stringify(infos, (_, value: unknown) => (value === Infinity ? null : value));
  return text.replaceAll(UNSAFE, escape);
}
