import { closeSync, constants, readSync } from "node:fs";

import type { Descriptors } from "../system/index.ts";
import { openCgroupFile } from "./cgroup-handle.ts";

/** Counts the kernel's OOM kills in the container's cgroup and in ours: a step is in one of them. */
export class OomCounter {
  readonly #descriptors: Descriptors;
  readonly #files: number[] = [];

  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
  }

  /** @param open Opens the directory of a cgroup. Where it cannot, an OOM kill in there shows as SIGKILL only. */
  watch(open: () => number): void {
    let cgroup: number;
    try {
      cgroup = open();
    } catch {
      return; // Not to be seen from here.
    }
    for (const name of ["memory.events", "memory.oom_control"]) {
      try {
        this.#files.push(this.#descriptors.adopt(openCgroupFile(cgroup, name, constants.O_RDONLY)));
      } catch {
        // The one is cgroup v2's, the other v1's, and a root cgroup has neither.
      }
    }
    closeSync(cgroup);
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
