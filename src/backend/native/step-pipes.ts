import { readSync } from "node:fs";

import { SLOT } from "../descriptor-slots.ts";
import type { Libc } from "./libc.ts";

/** The pipes of a step, by the slot of the helper's end. */
type PipeName = "stdin" | "stdout" | "stderr" | "status" | "control";

/** The descriptors of one step, ours and those given to the helper, so that a failure half way leaks none. */
export class StepPipes {
  readonly #libc: Libc;
  readonly #above: number;
  #request: number | undefined;
  readonly #ours = new Map<PipeName, number>();
  #given: [fd: number, slot: number][] = [];

  /** @param above A number above all slots that the helper has something at. */
  constructor(libc: Libc, above: number) {
    this.#libc = libc;
    this.#above = above;
  }

  /** What the helper gets, [descriptor, slot]. */
  get given(): readonly [number, number][] {
    return this.#given;
  }

  has(name: PipeName): boolean {
    return this.#ours.has(name);
  }

  ours(name: PipeName): number {
    return this.#ours.get(name) ?? -1;
  }

  giveRequest(bytes: Uint8Array): void {
    this.#give(this.#libc.memfd("request", bytes, "data"), SLOT.request);
  }

  open(name: PipeName): void {
    // A stopped helper reads no control bytes, and the event loop must not wait for it.
    const [read, write] = this.#libc.pipe(name === "control");
    const weWrite = name === "stdin" || name === "control";
    this.#ours.set(name, weWrite ? write : read);
    this.#give(weWrite ? read : write, SLOT[name]);
  }

  /** Closes our copies of what the helper now has, but for the request: the helper writes the step's pid over it. */
  closeGiven(): void {
    this.#request = this.#given.find(([, slot]) => slot === SLOT.request)?.[0];
    for (const [fd] of this.#given) if (fd !== this.#request) this.#libc.close(fd);
    this.#given = [];
  }

  /** The pid of the helper's child, as far as the helper came. */
  get helpersChild(): number | undefined {
    if (this.#request === undefined) return undefined;
    const bytes = Buffer.alloc(5);
    return readSync(this.#request, bytes, 0, bytes.length, 0) === 4 ? bytes.readInt32LE(0) : undefined;
  }

  closeRequest(): void {
    if (this.#request !== undefined) this.#libc.close(this.#request);
    this.#request = undefined;
  }

  closeAll(): void {
    this.closeGiven();
    this.closeRequest();
    for (const fd of this.#ours.values()) this.#libc.close(fd);
    this.#ours.clear();
  }

  /** Moves a descriptor above the slots: the dup2s in the child are done one after the other. */
  #give(fd: number, slot: number): void {
    this.#given.push([fd, slot]);
    this.#given[this.#given.length - 1] = [this.#libc.moveAbove(fd, this.#above), slot];
  }
}
