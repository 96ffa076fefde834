import { readSync } from "node:fs";

import type { Libc } from "./libc.ts";

/** The pipes of a step, in the order in which the keeper's ends are sent; the request comes before them. */
export type PipeName = "control" | "stdout" | "stderr" | "stdin";

/** Who keeps a step, and what it started. */
export interface StepProcesses {
  keeper: number;
  child: number;
}

/** The descriptors of one step, ours and those given to the keeper, so that a failure half way leaks none. */
export class StepPipes {
  readonly #libc: Libc;
  #request: number | undefined;
  readonly #ours = new Map<PipeName, number>();
  #given: number[] = [];

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** What the keeper gets: the request first. */
  get given(): readonly number[] {
    return this.#request === undefined ? this.#given : [this.#request, ...this.#given];
  }

  /** Takes our end over; -1 where there is none. */
  take(name: PipeName): number {
    const fd = this.#ours.get(name) ?? -1;
    this.#ours.delete(name);
    return fd;
  }

  giveRequest(bytes: Uint8Array): void {
    this.#request = this.#libc.memfd("request", bytes, "data");
  }

  open(name: PipeName): void {
    // A stopped keeper reads no control bytes, and the event loop must not wait for it.
    const [read, write] = this.#libc.pipe(name === "control");
    const weWrite = name === "stdin" || name === "control";
    this.#ours.set(name, weWrite ? write : read);
    this.#given.push(weWrite ? read : write);
  }

  /** Closes our copies of what the keeper now has, but for the request: the keeper writes the step's pids over it. */
  closeGiven(): void {
    for (const fd of this.#given) this.#libc.close(fd);
    this.#given = [];
  }

  /** Undefined as long as the keeper has started nothing. */
  get processes(): StepProcesses | undefined {
    if (this.#request === undefined) return undefined;
    const bytes = Buffer.alloc(9);
    if (readSync(this.#request, bytes, 0, bytes.length, 0) !== 8) return undefined;
    return { keeper: bytes.readInt32LE(0), child: bytes.readInt32LE(4) };
  }

  /** Closes all that is left. */
  close(): void {
    this.closeGiven();
    if (this.#request !== undefined) this.#libc.close(this.#request);
    this.#request = undefined;
    for (const fd of this.#ours.values()) this.#libc.close(fd);
    this.#ours.clear();
  }
}
