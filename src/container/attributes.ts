import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";
import { readStatus } from "./identity.ts";

/** What a process has from the one that forked it and keeps over execve(2), by number: enum attribute in native/step/request.h. */
export const ATTRIBUTES = [
  "CPU affinity",
  "scheduling policy",
  "nice value",
  "timer slack",
  "personality",
  "coredump_filter",
  "setting of transparent huge pages",
  "I/O priority",
] as const;

export type AttributeName = (typeof ATTRIBUTES)[number];

/** Those whose value in the main process differs from ours. */
export interface ForeignAttributes {
  values: readonly (readonly [name: AttributeName, value: bigint])[];
  /** A bit for each processor, 64 in each; none where the affinity is ours. */
  affinity: readonly bigint[];
  /** Those that are not what they mostly are in us, and that we may not read of the main process. */
  unknown: readonly AttributeName[];
}

type Values = Map<AttributeName, bigint | undefined>;

/** What a process has where nobody chose anything, of those that can be unreadable. */
const MOSTLY: readonly (readonly [AttributeName, bigint])[] = [
  ["timer slack", 50_000n],
  ["personality", 0n],
];

/** Undefined where we may not read it, or the kernel has no such file. */
function readNumber(proc: Proc, path: string, prefix: "" | "0x"): bigint | undefined {
  try {
    const text = proc.read(path).toString("latin1").trim();
    return text === "" ? undefined : BigInt(`${prefix}${text}`);
  } catch (error) {
    if (["EACCES", "EPERM", "ENOENT"].includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}

/** Of the first thread; each thread of ours has its own, so `thread` is the one that starts steps. */
function readValues(proc: Proc, directory: string, thread: string, status: ReadonlyMap<string, string>): Values {
  const stat = proc.readLine(`${thread}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // proc_pid_stat(5) counts them from 1, and these begin with the third.
  const field = (number: number): bigint => BigInt(fields[number - 3] ?? 0);
  const hugePages = status.get("THP_enabled");
  return new Map([
    ["scheduling policy", (field(40) << 32n) | field(41)],
    ["nice value", field(19)],
    ["timer slack", readNumber(proc, `${directory}/timerslack_ns`, "")],
    ["personality", readNumber(proc, `${directory}/personality`, "0x")],
    ["coredump_filter", readNumber(proc, `${directory}/coredump_filter`, "0x")],
    ["setting of transparent huge pages", hugePages === undefined ? undefined : hugePages === "1" ? 0n : 1n],
  ]);
}

/** "ff,ffffffff", of 32 processors each, the last ones first, as numbers of 64. */
export function parseAffinity(mask: string): bigint[] {
  let left = BigInt(`0x${mask.replaceAll(",", "") || "0"}`);
  const words: bigint[] = [];
  for (; left > 0n; left >>= 64n) words.push(left & ((1n << 64n) - 1n));
  return words;
}

/** What of the process is not ours of what steps would have from us. Throws errors of node:fs. */
export function readForeignAttributes(proc: Proc, directory: string): ForeignAttributes {
  const ourStatus = readStatus(proc, "/proc/thread-self");
  const status = readStatus(proc, directory);
  const ours = readValues(proc, "/proc/self", "/proc/thread-self", ourStatus);
  const theirs = readValues(proc, directory, directory, status);
  const mask = status.get("Cpus_allowed") ?? "";
  return {
    values: [...theirs].flatMap(([name, value]): [AttributeName, bigint][] =>
      value === undefined || value === ours.get(name) ? [] : [[name, value]],
    ),
    affinity: mask === ourStatus.get("Cpus_allowed") ? [] : parseAffinity(mask),
    unknown: MOSTLY.filter(
      ([name, value]) => theirs.get(name) === undefined && (ours.get(name) ?? value) !== value,
    ).map(([name]) => name),
  };
}
