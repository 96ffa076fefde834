import { ABOVE_SLOTS } from "../descriptor-slots.ts";
import type { Libc } from "./libc.ts";

/**
 * The helper in a sealed file in memory. A container whose shell is a link to /proc/self/exe gets hold of nothing but
 * this: it cannot write to it, and it is no file of the agent's (CVE-2019-5736).
 */
export class SealedHelper {
  readonly #libc: Libc;
  readonly #fd: number;

  constructor(libc: Libc, program: Uint8Array) {
    this.#libc = libc;
    const fd = libc.memfd("k8s-executor-helper", program, "program");
    try {
      this.#fd = libc.moveAbove(fd, ABOVE_SLOTS);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  spawn(argv: readonly string[], descriptors: readonly (readonly [number, number])[]): number {
    return this.#libc.spawn(`/proc/self/fd/${this.#fd}`, argv, descriptors);
  }

  close(): void {
    this.#libc.close(this.#fd);
  }
}
