import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";
import { readProcess, type SeenProcess } from "./processes.ts";

/** Tells which container a process is in. */
export class Membership {
  /** Our own container's key: our mount namespace. */
  readonly ours: string;
  readonly #ourCgroups: string;
  readonly #proc: Proc;
  readonly #byPid: ReadonlyMap<number, SeenProcess>;

  constructor(proc: Proc, processes: readonly SeenProcess[]) {
    this.#proc = proc;
    this.#byPid = new Map(processes.map((process) => [process.pid, process]));
    this.ours = proc.link("/proc/self/ns/mnt");
    this.#ourCgroups = proc.read("/proc/self/cgroup").toString("latin1");
  }

  /** /proc/PID/cgroup, which everybody may read; "" where the process has ended. */
  cgroupsOf(pid: number): string {
    try {
      return this.#proc.read(`/proc/${pid}/cgroup`).toString("latin1");
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return "";
    }
  }

  /**
   * The key of the container that a process is in: its mount namespace. Where we may not look, it is its parent's while that
   * one's cgroup is the same, and ours or another's by the cgroup.
   */
  keyOf(process: SeenProcess): string {
    if (process.mountNamespace !== undefined) return process.mountNamespace;
    const cgroups = this.cgroupsOf(process.pid);
    for (let above = this.#above(process); above && this.cgroupsOf(above.pid) === cgroups; above = this.#above(above)) {
      if (above.mountNamespace !== undefined) return above.mountNamespace;
    }
    return cgroups === this.#ourCgroups ? this.ours : cgroups;
  }

  #above({ pid }: SeenProcess): SeenProcess | undefined {
    const parent = readProcess(this.#proc, pid)?.parent;
    return parent === undefined ? undefined : this.#byPid.get(parent);
  }
}
