import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { mountsOf, parseCgroupMounts } from "../../src/container/cgroup-files.ts";
import { until } from "./until.ts";

/** Moves its members to its parent, and waits until it can be removed. */
export async function removeCgroup(directory: string): Promise<void> {
  const parent = path.dirname(directory);
  for (const member of readFileSync(path.join(directory, "cgroup.procs"), "latin1").split("\n").filter(Boolean)) {
    writeFileSync(path.join(parent, "cgroup.procs"), member);
  }
  await until("the cgroup is empty", () => {
    try {
      rmdirSync(directory);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
      return false;
    }
  });
}

/** A cgroup of its own for a process, in each of the hierarchies that is mounted; gone after the body. */
export async function inCgroups(
  pid: number,
  body: (directories: Map<string, string>) => Promise<void>,
  hierarchies: readonly string[] = ["", "memory", "pids"],
): Promise<void> {
  const mounts = readFileSync("/proc/self/mountinfo", "latin1");
  // A pid is another process's in another test's namespace, and the hierarchies are the same.
  const name = `k8s-executor-test-${randomUUID()}`;
  const directories = new Map<string, string>();
  for (const hierarchy of hierarchies) {
    const [mount] = mountsOf(parseCgroupMounts(mounts), hierarchy);
    if (mount) directories.set(hierarchy, path.join(mount.point, name));
  }
  try {
    for (const directory of directories.values()) {
      mkdirSync(directory);
      writeFileSync(path.join(directory, "cgroup.procs"), String(pid));
    }
    await body(directories);
  } finally {
    for (const directory of directories.values()) await removeCgroup(directory);
  }
}
