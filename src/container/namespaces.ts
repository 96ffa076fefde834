import { statSync } from "node:fs";

import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";

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
  /** Tells it from any other that exists at the same time, namespaces(7). */
  inode: number;
}

/** What tells namespaces apart; a kind that the kernel was built without (time is the youngest) is not among them. */
export type NamespaceLinks = ReadonlyMap<NamespaceName, string>;

/** Reads the links of DIR/ns, where DIR is a /proc/PID directory. Throws node:fs errors: EACCES without ptrace access. */
export function readNamespaces(proc: Proc, directory: string): NamespaceLinks {
  const links = new Map<NamespaceName, string>();
  for (const name of Object.keys(NAMESPACE_FLAGS) as NamespaceName[]) {
    try {
      links.set(name, proc.link(`${directory}/ns/${name}`));
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
  }
  return links;
}

/**
 * Those namespaces of the process that are not ours. They are not held open: a descriptor would keep them, and with them the
 * container's mounts, after the container has ended. Throws node:fs errors: EACCES without ptrace access.
 *
 * @param links Where both were read already.
 */
export function foreignNamespaces(
  proc: Proc,
  directory: string,
  links: { ours: NamespaceLinks; theirs: NamespaceLinks } = {
    ours: readNamespaces(proc, "/proc/self"),
    theirs: readNamespaces(proc, directory),
  },
): Namespace[] {
  const foreign: Namespace[] = [];
  for (const [name, theirs] of links.theirs) {
    if (theirs === links.ours.get(name)) continue;
    foreign.push({ name, inode: Number(/\[(\d+)\]$/.exec(theirs)?.[1]) });
  }
  return foreign;
}

/** Whether the process has our root directory. */
export function hasOurRoot(directory: string): boolean {
  const theirs = statSync(`${directory}/root/.`, { bigint: true });
  const ours = statSync("/", { bigint: true });
  return theirs.dev === ours.dev && theirs.ino === ours.ino;
}
