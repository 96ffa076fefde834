import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { NamespaceName } from "../../container/index.ts";
import { findOwnProgram } from "../../system/index.ts";
import { Unavailable } from "../types.ts";

/** The option of nsenter for each kind of namespace, short and long. */
const OPTIONS: Readonly<Record<NamespaceName, readonly [short: string, long: string]>> = {
  user: ["-U", "--user"],
  mnt: ["-m", "--mount"],
  pid: ["-p", "--pid"],
  uts: ["-u", "--uts"],
  ipc: ["-i", "--ipc"],
  net: ["-n", "--net"],
  cgroup: ["-C", "--cgroup"],
  time: ["-T", "--time"],
};

/** The nsenter of this machine. */
export interface InstalledNsenter {
  path: string;
  version: string;
  /** The option that joins this kind from a file, as `-m/path`; undefined where this version knows none. */
  namespaceOption(name: NamespaceName, file: string): string | undefined;
  /** Whether it knows an option, by its long name. */
  knows(option: string): boolean;
}

/** Finds nsenter and asks what it can do. Throws Unavailable. */
export async function findNsenter(): Promise<InstalledNsenter> {
  const file = findOwnProgram("nsenter");
  if (file === undefined) throw new Unavailable("nsenter is not found (install util-linux)");
  // util-linux prints its help to stdout, BusyBox to stderr with a failing status.
  const ask = async (flag: string): Promise<string> => {
    try {
      const { stdout, stderr } = await promisify(execFile)(file, [flag], { env: { LC_ALL: "C" } });
      return stdout + stderr;
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      if (stdout === undefined) throw new Unavailable(`nsenter does not run: ${String(error)}`);
      return stdout + (stderr ?? "");
    }
  };
  const help = await ask("--help");
  const version = /util-linux [\d.]+|BusyBox v[\d.]+/.exec(help + (await ask("--version")))?.[0] ?? "unknown";
  const knows = (option: string): boolean => new RegExp(`(^|[\\s,[])${option}\\b`, "m").test(help);
  return {
    path: file,
    version,
    knows,
    namespaceOption(name, target) {
      const [short, long] = OPTIONS[name];
      return knows(long) || knows(short) ? `${short}${target}` : undefined;
    },
  };
}
