import { closeSync, constants, openSync, readSync, statfsSync } from "node:fs";

import { mountOf } from "../system/index.ts";

/** O_PATH | O_NOFOLLOW | O_CLOEXEC: a reference that reads nothing, runs nothing and waits for nobody. */
const REFERENCE = 0o10000000 | constants.O_NOFOLLOW | 0o2000000;
/** CGROUP_SUPER_MAGIC and CGROUP2_SUPER_MAGIC, linux/magic.h. */
const MAGIC: ReadonlySet<number> = new Set([0x27e0eb, 0x63677270]);
/** As many processes as one would ever list. */
const LIST_LIMIT = 4 * 1024 * 1024;

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** @throws Error Where this is no directory of the kernel's cgroup file system, but something that looks like one. */
export function requireCgroup(fd: number): void {
  if (!MAGIC.has(statfsSync(`/proc/self/fd/${fd}`).type)) throw failure("a mount that is none");
}

/**
 * Opens a file of a cgroup. In the container's own mounts anything may lie in its place, which we neither open nor follow.
 *
 * @param cgroup A descriptor of the cgroup's directory, which was proven to be one: what is on the same mount is the kernel's, too.
 * @param mount The mount that it is on.
 * @returns A descriptor, which the caller closes.
 */
export function openCgroupFile(
  cgroup: number,
  name: string,
  flags: number,
  mount: string | undefined = mountOf(cgroup),
): number {
  const reference = openSync(`/proc/self/fd/${cgroup}/${name}`, REFERENCE);
  try {
    if (mount === undefined || mountOf(reference) !== mount) throw failure("a mount that hides it");
    return openSync(`/proc/self/fd/${reference}`, flags | constants.O_NONBLOCK);
  } finally {
    closeSync(reference);
  }
}

/** What reads small files of a cgroup. */
export function cgroupReader(cgroup: number): (name: string) => string {
  const mount = mountOf(cgroup);
  return (name) => {
    const fd = openCgroupFile(cgroup, name, constants.O_RDONLY, mount);
    try {
      const buffer = Buffer.allocUnsafe(4095);
      return buffer.toString("latin1", 0, readSync(fd, buffer, 0, buffer.length, 0)).trim();
    } finally {
      closeSync(fd);
    }
  };
}

/** Whether the kernel lists this process as a member. */
export function hasMember(cgroup: number, pid: number): boolean {
  const fd = openCgroupFile(cgroup, "cgroup.procs", constants.O_RDONLY);
  try {
    const buffer = Buffer.alloc(64 * 1024);
    let text = "\n";
    for (let total = 0; total < LIST_LIMIT;) {
      const length = readSync(fd, buffer, 0, buffer.length, null);
      if (length === 0) return false;
      total += length;
      text = text.slice(text.lastIndexOf("\n")) + buffer.toString("latin1", 0, length);
      if (text.includes(`\n${pid}\n`)) return true;
    }
    return false;
  } finally {
    closeSync(fd);
  }
}
