import type { Proc } from "../system/index.ts";
import { overwrittenBytes, remainsOf } from "./overwritten.ts";
import { readStat } from "./process-stat.ts";

/** More than a process can be started with (6 MiB); a target can make /proc/PID/environ appear endless. */
const LIMIT = 6 * 1024 * 1024;

/** How often an environment must be read as empty before that is believed. */
const TIMES = 8;
/** Each attempt takes some ten microseconds, and the moment that is waited for is shorter than one. */
const MAX_ATTEMPTS = 1000;

/** Its bytes; at most so many. */
function readBlock(proc: Proc, directory: string, limit: number): Buffer {
  let block = proc.read(`${directory}/environ`, limit);
  let timesEmpty = 0;
  // Microseconds into its execve a process has none, and that is not the truth about it (an entrypoint that execs).
  for (let attempt = 0; block.length === 0 && timesEmpty < TIMES && attempt < MAX_ATTEMPTS; attempt++) {
    if (readStat(proc, directory).hasEnvironment) timesEmpty++;
    block = proc.read(`${directory}/environ`, limit);
  }
  return block;
}

/**
 * The environment that a process was started with: bytes by name (latin1, so that any byte survives).
 * Entries without "=" are dropped; of duplicates the first counts, as for getenv(3).
 */
export function readEnviron(proc: Proc, directory: string): Map<string, Buffer> {
  return parseEnviron(readBlock(proc, directory, LIMIT));
}

/** The same of a process that may have written its title over it. */
export function readRemainingEnviron(
  proc: Proc,
  directory: string,
): { variables: ReadonlyMap<string, Buffer>; isOverwritten: boolean } {
  const block = readBlock(proc, directory, LIMIT);
  const remains = remainsOf(block, overwrittenBytes(proc, directory, readStat(proc, directory), block));
  return { variables: parseEnviron(remains ?? block), isOverwritten: remains !== undefined };
}

/**
 * Some of its variables, and nothing else of it is kept: a process can make it megabytes large.
 *
 * @param limit How many bytes are read.
 * @returns Undefined where there are as many as that.
 */
export function readVariables(
  proc: Proc,
  directory: string,
  isWanted: (name: string) => boolean,
  limit: number,
): { variables: ReadonlyMap<string, Buffer>; bytes: number } | undefined {
  const block = readBlock(proc, directory, limit);
  if (block.length >= limit) return undefined;
  const found = [...parseEnviron(block, isWanted)].map(([name, value]) => [name, Buffer.from(value)] as const);
  return { variables: new Map(found), bytes: block.length };
}

/** Splits the NUL-separated block of /proc/PID/environ. */
export function parseEnviron(block: Buffer, isWanted: (name: string) => boolean = () => true): Map<string, Buffer> {
  const variables = new Map<string, Buffer>();
  let start = 0;
  while (start < block.length) {
    const nul = block.indexOf(0, start);
    const end = nul === -1 ? block.length : nul;
    const equals = block.indexOf(0x3d, start);
    if (equals > start && equals < end) {
      const name = block.toString("latin1", start, equals);
      if (isWanted(name) && !variables.has(name)) variables.set(name, block.subarray(equals + 1, end));
    }
    start = end + 1;
  }
  return variables;
}
