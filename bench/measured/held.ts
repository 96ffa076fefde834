import os from "node:os";

const MEGABYTE = 1024 * 1024;

/** Memory that a worker holds: Buffers whose every page was written. */
export class Held {
  readonly #buffers: Buffer[] = [];

  /** Holds so many megabytes, no fewer than before; throws where the machine has not got twice as much. */
  grow(megabytes: number): void {
    const more = (megabytes - this.#buffers.length) * MEGABYTE;
    if (2 * more > os.freemem()) throw new Error(`too little free memory to hold ${megabytes} MB`);
    while (this.#buffers.length < megabytes) this.#buffers.push(Buffer.alloc(MEGABYTE, 1));
  }
}
