import { execFileSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from "node:fs";

import { readToEnd } from "./read-to-end.ts";

/** How /proc is read. Both throw errors with an errno as their code. */
export interface Proc {
  /** Whether files of /proc can be kept open, which is what pins a process. */
  readonly canOpen: boolean;
  /** At most `limit` bytes of a file. */
  read(path: string, limit?: number): Buffer;
  /** A file of one line, which the kernel hands out in one piece. */
  readLine(path: string): string;
  link(path: string): string;
  /** How many names the file that a link of /proc leads to has: a directory that was removed has none. */
  nameCount(path: string): number;
  /** The processes there are. */
  pids(): number[];
}

/** More than anything we read but an environment; a container can make files of /proc appear endless. */
const DEFAULT_LIMIT = 64 * 1024;

/** More than the longest such line, /proc/PID/stat, has: 52 numbers and a name. */
const LINE_LIMIT = 2048;

function readLine(path: string): string {
  const fd = openSync(path, "r");
  try {
    const line = Buffer.allocUnsafe(LINE_LIMIT);
    return line.toString("latin1", 0, readSync(fd, line, 0, LINE_LIMIT, null));
  } finally {
    closeSync(fd);
  }
}

function read(path: string, limit = DEFAULT_LIMIT): Buffer {
  const fd = openSync(path, "r");
  try {
    return readToEnd(fd, limit);
  } finally {
    closeSync(fd);
  }
}

/** The names of as many processes as a kernel can have, 2^22. */
const LIST_LIMIT = 64 * 1024 * 1024;

function toPids(names: readonly string[]): number[] {
  return names.map(Number).filter((pid) => pid > 0);
}

const direct: Proc = {
  canOpen: true,
  read,
  readLine,
  link: (path) => readlinkSync(path),
  nameCount: (path) => statSync(path).nlink,
  pids: () => toPids(readdirSync("/proc")),
};

const ERRNO: readonly (readonly [RegExp, string])[] = [
  [/No such process/, "ESRCH"],
  [/No such file/, "ENOENT"],
  [/Permission denied|not permitted/, "EACCES"],
];

function command(program: string, args: readonly string[], limit: number): Buffer {
  try {
    return execFileSync(program, args, { env: { LC_ALL: "C" }, maxBuffer: limit, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    const code = ERRNO.find(([pattern]) => pattern.test(stderr?.toString() ?? ""))?.[1];
    throw code === undefined ? error : Object.assign(new Error(String(error)), { code });
  }
}

/** For a runtime that does not let us open /proc ourselves. */
const byCommands: Proc = {
  canOpen: false,
  read: (path, limit = DEFAULT_LIMIT) => command("cat", [path], limit),
  readLine: (path) => command("cat", [path], DEFAULT_LIMIT).toString("latin1"),
  link: (path) => command("readlink", ["-v", path], DEFAULT_LIMIT).toString().replace(/\n$/, ""),
  nameCount: (path) => Number(command("stat", ["-L", "-c", "%h", path], DEFAULT_LIMIT)),
  pids: () => toPids(command("ls", ["/proc"], LIST_LIMIT).toString().split("\n")),
};

/** Deno lets only `--allow-all` open files of /proc; without it, other programs read them for us. */
export function accessProc(): Proc {
  try {
    readlinkSync("/proc/self/ns/mnt");
    return direct;
  } catch (error) {
    if (error instanceof Error && (error.name === "NotCapable" || error.name === "PermissionDenied")) return byCommands;
    throw error;
  }
}
