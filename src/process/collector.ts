import type { Readable } from "node:stream";

/** The first bytes of a stream. It never holds the stream up and never keeps more than its limit. */
export class Collector {
  readonly #limit: number;
  #chunks: Buffer[] = [];
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
    const text = Buffer.concat(this.#chunks).toString();
    this.#chunks = [];
    return stripFinalNewline && text.endsWith("\n") ? text.slice(0, -1) : text;
  }

  #keep(chunk: Buffer): void {
    const room = this.#limit - this.#size;
    if (chunk.length > room) this.#isTruncated = true;
    if (room <= 0) return;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.#chunks.push(part);
    this.#size += part.length;
  }
}
