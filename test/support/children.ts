import { readdirSync, readFileSync } from "node:fs";

function stat(pid: number): { parent: number; state: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [state = "", parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined; // it has ended
  }
}

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  const found = stat(pid);
  return found !== undefined && found.state !== "Z";
}

/** The parent of a process. */
export function parentOf(pid: number): number {
  const found = stat(pid);
  if (!found) throw new Error(`there is no process ${pid}`);
  return found.parent;
}

/** All processes of this moment, zombies too. */
export function processes(): { pid: number; parent: number; state: string }[] {
  return readdirSync("/proc").flatMap((name) => {
    const found = /^\d+$/.test(name) ? stat(Number(name)) : undefined;
    return found ? [{ pid: Number(name), parent: found.parent, state: found.state }] : [];
  });
}

/** The children of a process, zombies too. */
export function childrenOf(parent: number): { pid: number; state: string }[] {
  return processes().flatMap(({ pid, parent: its, state }) => (its === parent ? [{ pid, state }] : []));
}

/** The children of a process, and theirs, and so on. */
export function descendantsOf(parent: number): number[] {
  const children = childrenOf(parent).map(({ pid }) => pid);
  return children.concat(children.flatMap(descendantsOf));
}

/** Those of our programs among the children of a process; what they run from cannot be seen without privilege, but their name can. */
export function helpersOf(parent: number): number[] {
  return childrenOf(parent)
    .map(({ pid }) => pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("k8s-executor-helper\0");
      } catch {
        return false;
      }
    });
}

/** The keepers of the steps that a process runs: the children of its residents, one of which there is for each connection. */
export function keepersOf(caller: number): number[] {
  return helpersOf(caller).flatMap(helpersOf);
}

/** The one keeper of a step that runs. */
export function keeperOf(caller: number): number {
  // One whose step has ended may take a moment longer.
  const keeper = keepersOf(caller).find((pid) => childrenOf(pid).some(({ state }) => state !== "Z"));
  // Never a default: 0 would be our own process group.
  if (keeper === undefined) throw new Error(`process ${caller} has no keeper`);
  return keeper;
}

/** Kills a process, or a process group by its negative number, that may just have ended by itself. */
export function killIfAlive(pid: number): void {
  // Our own group, and all processes.
  if (pid === 0 || pid === -1) throw new Error(`${pid} is not a process`);
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** How many descriptors we have open. */
export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
