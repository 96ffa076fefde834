import { constants, openSync, readSync } from "node:fs";

import type { Descriptors } from "../system/index.ts";

/** Counts the kernel's OOM kills in the container's cgroup and in ours: a step is in one of them. */
export class OomCounter {
  readonly #descriptors: Descriptors;
  readonly #files: number[] = [];

  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
  }

  /** @param cgroup A descriptor of its directory. */
  watch(cgroup: number): void {
    for (const name of ["memory.events", "memory.oom_control"]) {
      try {
        const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
        this.#files.push(this.#descriptors.adopt(openSync(`/proc/self/fd/${cgroup}/${name}`, flags)));
      } catch {
        // The one is cgroup v2's, the other v1's, and a root cgroup has neither.
      }
    }
  }

  count(): number {
    let sum = 0;
    for (const fd of this.#files) {
      const text = Buffer.alloc(512);
      try {
        const length = readSync(fd, text, 0, text.length, 0);
        sum += Number(/^oom_kill (\d+)$/m.exec(text.toString("latin1", 0, length))?.[1] ?? 0);
      } catch {
        // ENODEV: the cgroup was removed with its container.
      }
    }
    return sum;
  }
}
