import type { Proc } from "../system/index.ts";
import { mountsOf, parseCgroupMounts, type CgroupMount, type MountOfControllers } from "./cgroup-files.ts";

/** A container may have as many mounts as it likes. */
const LIMIT = 1024 * 1024;

/** The mounts of a process, read when they are first asked for, and then kept. */
export class MountTable {
  readonly #proc: Proc;
  readonly #directory: string;
  #text: string | undefined;
  #cgroups: readonly MountOfControllers[] | undefined;

  /** @param directory The process's below /proc. */
  constructor(proc: Proc, directory: string) {
    this.#proc = proc;
    this.#directory = directory;
  }

  /** All of it, proc_pid_mountinfo(5). */
  get text(): string {
    this.#text ??= this.#proc.read(`${this.#directory}/mountinfo`, LIMIT).toString("latin1");
    return this.#text;
  }

  /** Those of a hierarchy of cgroups: its controllers, as "cpu,cpuacct"; "" is the unified one. */
  cgroups(hierarchy: string): CgroupMount[] {
    this.#cgroups ??= parseCgroupMounts(this.text);
    return mountsOf(this.#cgroups, hierarchy);
  }
}
