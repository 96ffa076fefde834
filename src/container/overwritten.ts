import { ExecutorError } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";
import { parsePasswd, readAccounts } from "./accounts.ts";
import type { ProcessStat } from "./process-stat.ts";

/** More than a title that the kernel shows has, which is a page. */
const LIMIT = 16 * 1024;

/**
 * How many bytes of its environment a process has written its title over (setproctitle, as nginx, postgres and sshd do): the
 * environment follows the arguments in memory, and the kernel shows a title that is longer than these as the command line.
 *
 * @param directory Its /proc directory.
 * @param block Its environment, as it is now.
 */
export function overwrittenBytes(
  proc: Proc,
  directory: string,
  { argumentBytes }: Pick<ProcessStat, "argumentBytes">,
  block: Buffer,
): number {
  if (argumentBytes === 0 || block.length === 0) return 0;
  const { length } = proc.read(`${directory}/cmdline`, argumentBytes + Math.min(block.length, LIMIT) + 1);
  if (length > argumentBytes) return length - argumentBytes;
  // After arguments of more than a page the kernel does not show where a title ends.
  return length === argumentBytes ? 0 : lengthOfString(block, 0);
}

/** The string that begins there, with its NUL. */
function lengthOfString(block: Buffer, start: number): number {
  const nul = block.indexOf(0, start);
  return (nul === -1 ? block.length : nul + 1) - start;
}

/**
 * What is left of an environment.
 *
 * @param overwritten How many of its first bytes are a title.
 * @returns Undefined where nothing was overwritten.
 */
export function remainsOf(block: Buffer, overwritten: number): Buffer | undefined {
  let start = overwritten;
  // What the title does not fill is mostly set to NUL. No environment that a program was started with begins so.
  while (start < block.length && block[start] === 0) start++;
  if (start === 0) return block.length > 0 && !block.includes("=") ? Buffer.alloc(0) : undefined;
  // The first string may be the end of one: "PATH=/x" of LD_LIBRARY_PATH.
  return block.subarray(start + lengthOfString(block, start));
}

/** An environment of which something is lost, as a step gets it, and what the user is told. */
export interface Restored {
  environment: ReadonlyMap<string, Buffer>;
  limitation: string;
}

/** @returns Undefined where the account file cannot be read. As for docker exec, a user without an entry lives in /. */
function homeOf(root: number, uid: number): string | undefined {
  try {
    return parsePasswd(readAccounts(root, "/etc/passwd")).find((user) => user.uid === uid)?.home || "/";
  } catch (error) {
    if (error instanceof ExecutorError) return undefined;
    throw error;
  }
}

/**
 * Completes an environment of which something is lost.
 *
 * @param remains What is left.
 * @param root A descriptor of the container's root directory.
 * @param uid The main process's user, as the container counts.
 */
export function restoreEnvironment(
  remains: ReadonlyMap<string, Buffer>,
  root: number | undefined,
  uid: number,
): Restored {
  const home = remains.has("HOME") || root === undefined ? undefined : homeOf(root, uid);
  const told = [
    ...(home === undefined ? [] : ["HOME is that of its user in /etc/passwd"]),
    ...(remains.has("PATH") ? [] : ["PATH is the default"]),
    "other variables of the container may be missing",
  ];
  return {
    environment: home === undefined ? remains : new Map([...remains, ["HOME", Buffer.from(home, "latin1")]]),
    limitation: `the container's main process wrote its title over its environment: ${told.join(", ")}`,
  };
}
