import { closeSync, openSync } from "node:fs";

import { mountOf, type Proc } from "../system/index.ts";

/** What runc gives the process that becomes the container's; its execve ends it. */
export const RUNC_VARIABLE = "_LIBCONTAINER_";
/** The other runtimes' programs, also where they run from memory, as they do since CVE-2019-5736. */
const RUNTIME = /[/:](?:crun|youki|runc)[^/]*$/;
/** O_PATH | O_CLOEXEC: without a word to the file system that it is on. */
const REFERENCE = 0o10000000 | 0o2000000;

/**
 * Whether a main process is still its runtime's own program, on the way to become the container's: it may have the
 * runtime's user, capabilities, environment and root directory, and a step would take them for the container's.
 *
 * @param directory Its /proc directory.
 * @param environment Its environment.
 */
export function isBeingCreated(proc: Proc, directory: string, environment: ReadonlyMap<string, Buffer>): boolean {
  for (const name of environment.keys()) if (name.startsWith(RUNC_VARIABLE)) return true;
  const program = proc.link(`${directory}/exe`).replace(/ \(deleted\)$/, "");
  // An image may have a program of that name. The runtime's own is on no mount of the container's.
  return RUNTIME.test(program) && !(proc.canOpen && isOnOwnMount(proc, directory));
}

function isOnOwnMount(proc: Proc, directory: string): boolean {
  const fd = openSync(`${directory}/exe`, REFERENCE);
  try {
    const mount = mountOf(fd);
    const mounts = proc.read(`${directory}/mountinfo`, 1024 * 1024).toString("latin1");
    return mounts.split("\n").some((line) => line.startsWith(`${mount} `));
  } finally {
    closeSync(fd);
  }
}
