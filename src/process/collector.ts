import type { Readable } from "node:stream";

const FIRST_SIZE = 4096;

/** The first bytes of a stream. It never holds the stream up and never keeps more than its limit. */
export class Collector {
  readonly #limit: number;
  /** One for all, because a container can make each byte a chunk, and each of those would be an object. */
  #kept: Buffer = Buffer.alloc(0);
  #size = 0;
  #isTruncated = false;

  constructor(stream: Readable, limit: number) {
    this.#limit = limit;
    stream.on("data", (chunk: Buffer) => this.#keep(chunk));
  }

  get isTruncated(): boolean {
    return this.#isTruncated;
  }

  /** What was collected, as UTF-8. */
  text(stripFinalNewline: boolean): string {
    const text = this.#kept.toString("utf8", 0, this.#size);
    this.#kept = Buffer.alloc(0);
    this.#size = 0;
    return stripFinalNewline ? text.replace(/\r?\n$/, "") : text;
  }

  #keep(chunk: Buffer): void {
    const length = Math.min(chunk.length, this.#limit - this.#size);
    if (length < chunk.length) this.#isTruncated = true;
    if (length === 0) return;
    if (this.#size + length > this.#kept.length) this.#grow(this.#size + length);
    chunk.copy(this.#kept, this.#size, 0, length);
    this.#size += length;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(needed, this.#kept.length * 2, FIRST_SIZE)));
    this.#kept.copy(larger, 0, 0, this.#size);
    this.#kept = larger;
  }
}
