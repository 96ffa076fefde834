import type { Libc } from "./libc.ts";

const FIRST_MS = 2;
const LAST_MS = 1000;

/**
 * Reaps helpers whose last word was read. Mostly they have just ended; one whose step left a process that holds its output
 * may take longer, and nobody shall wait for that.
 */
export class Reaper {
  readonly #libc: Libc;
  readonly #pids = new Set<number>();
  #delay = FIRST_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  add(pid: number): void {
    if (this.#libc.reap(pid)) return;
    this.#pids.add(pid);
    this.#delay = FIRST_MS;
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    // It keeps nobody alive: whoever inherits us reaps what we leave.
    this.#timer = setTimeout(() => this.#tick(), this.#delay).unref();
  }

  #tick(): void {
    for (const pid of this.#pids) if (this.#libc.reap(pid)) this.#pids.delete(pid);
    this.#delay = Math.min(this.#delay * 2, LAST_MS);
    if (this.#pids.size > 0) this.#schedule();
  }
}
