import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";
import { readProcess, type SeenProcess } from "./processes.ts";

/** Tells which container a process is in. Each process is looked at once, however many are below it. */
export class Membership {
  /** Our own container's key: our mount namespace. */
  readonly ours: string;
  readonly #ourCgroups: string;
  readonly #proc: Proc;
  readonly #byPid: ReadonlyMap<number, SeenProcess>;
  readonly #cgroups = new Map<number, string>();
  readonly #keys = new Map<number, string>();

  constructor(proc: Proc, processes: readonly SeenProcess[]) {
    this.#proc = proc;
    this.#byPid = new Map(processes.map((process) => [process.pid, process]));
    this.ours = proc.link("/proc/self/ns/mnt");
    this.#ourCgroups = proc.read("/proc/self/cgroup").toString("latin1");
  }

  /** /proc/PID/cgroup, which everybody may read; "" where the process has ended. */
  cgroupsOf(pid: number): string {
    let cgroups = this.#cgroups.get(pid);
    if (cgroups === undefined) {
      cgroups = this.#readCgroups(pid);
      this.#cgroups.set(pid, cgroups);
    }
    return cgroups;
  }

  /**
   * The key of the container that a process is in: its mount namespace. Where we may not look, it is its parent's while that
   * one's cgroup is the same, and ours or another's by the cgroup.
   */
  keyOf(process: SeenProcess): string {
    if (process.mountNamespace !== undefined) return process.mountNamespace;
    // From the process upwards, as far as nothing is known; all of these then have the same key.
    const unknown: number[] = [];
    const seen = new Set<number>();
    let at: SeenProcess | undefined = process;
    let key: string | undefined;
    while (at && !seen.has(at.pid) && this.cgroupsOf(at.pid) === this.cgroupsOf(process.pid)) {
      key = at.mountNamespace ?? this.#keys.get(at.pid);
      if (key !== undefined) break;
      seen.add(at.pid);
      unknown.push(at.pid);
      at = this.#above(at);
    }
    const cgroups = this.cgroupsOf(process.pid);
    key ??= cgroups === this.#ourCgroups ? this.ours : cgroups;
    for (const pid of unknown) this.#keys.set(pid, key);
    return key;
  }

  #readCgroups(pid: number): string {
    try {
      return this.#proc.read(`/proc/${pid}/cgroup`).toString("latin1");
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return "";
    }
  }

  #above({ pid }: SeenProcess): SeenProcess | undefined {
    const parent = readProcess(this.#proc, pid)?.parent;
    return parent === undefined ? undefined : this.#byPid.get(parent);
  }
}
