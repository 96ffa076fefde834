import { statSync } from "node:fs";

import type { Descriptors, Proc } from "../system/index.ts";

/** The CLONE_NEW* flag of each kind of namespace, from linux/sched.h. */
export const NAMESPACE_FLAGS = {
  user: 0x10000000,
  mnt: 0x00020000,
  pid: 0x20000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  net: 0x40000000,
  cgroup: 0x02000000,
  time: 0x00000080,
} as const;

export type NamespaceName = keyof typeof NAMESPACE_FLAGS;

/** One namespace of the target that is not ours. */
export interface Namespace {
  name: NamespaceName;
  /** Undefined where /proc cannot be opened. */
  fd: number | undefined;
}

function link(proc: Proc, directory: string, name: NamespaceName): string | undefined {
  try {
    return proc.link(`${directory}/ns/${name}`);
  } catch (error) {
    // A kernel built without this kind (time is the youngest) has no such file, for us and the target alike.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Opens those namespaces of the process that are not ours. Throws node:fs errors: EACCES without ptrace access. */
export function openForeignNamespaces(proc: Proc, directory: string, descriptors: Descriptors): Namespace[] {
  const foreign: Namespace[] = [];
  for (const name of Object.keys(NAMESPACE_FLAGS) as NamespaceName[]) {
    const theirs = link(proc, directory, name);
    if (theirs === undefined || theirs === link(proc, "/proc/self", name)) continue;
    foreign.push({ name, fd: proc.canOpen ? descriptors.file(`${directory}/ns/${name}`) : undefined });
  }
  return foreign;
}

/** Whether the process has our root directory. */
export function hasOurRoot(directory: string): boolean {
  const theirs = statSync(`${directory}/root/.`, { bigint: true });
  const ours = statSync("/", { bigint: true });
  return theirs.dev === ours.dev && theirs.ino === ours.ino;
}
