import type { Readable } from "node:stream";

import { LineSplitter, type Line } from "./line-splitter.ts";

type Result = IteratorResult<string, undefined>;

const DONE: Result = { value: undefined, done: true };

/**
 * The lines of a stream, without their newline; a last line without one counts too. UTF-8 is never split. What a line has
 * beyond a megabyte comes as further lines. No generator: of those, each line would cost several promises.
 */
export class Lines implements AsyncIterableIterator<string, undefined> {
  readonly #open: () => Readable;
  readonly #close: () => Promise<unknown>;
  readonly #splitter = new LineSplitter();
  #chunks: AsyncIterator<Buffer, undefined> | undefined;
  #found: string[] = [];
  #at = 0;
  #wasPartial = false;
  #isAtEnd = false;
  #isDone = false;
  /** Whoever asks while others wait is served after them. */
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param open Called when the first line is asked for. What it throws, that throws.
   * @param close Called at the end; the iteration ends when its promise does, and as that does.
   */
  constructor(open: () => Readable, close: () => Promise<unknown>) {
    this.#open = open;
    this.#close = close;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#waiting === 0) {
      const text = this.#found[this.#at];
      if (text !== undefined) {
        this.#at++;
        return Promise.resolve({ value: text, done: false });
      }
    }
    this.#waiting++;
    const next = this.#last.then(() => this.#read()).finally(() => this.#waiting--);
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Whoever leaves the loop wants no more of the stream: it is destroyed. */
  async return(): Promise<Result> {
    if (this.#waiting > 0) await this.#last;
    this.#isDone = true;
    this.#found = [];
    this.#at = 0;
    await this.#chunks?.return?.();
    return DONE;
  }

  async #read(): Promise<Result> {
    try {
      while (this.#at === this.#found.length) {
        if (this.#isDone) return DONE;
        if (this.#isAtEnd) {
          this.#isDone = true;
          await this.#close();
          return DONE;
        }
        await this.#fill();
      }
    } catch (error) {
      this.#isDone = true;
      throw error;
    }
    return { value: this.#found[this.#at++] ?? "", done: false };
  }

  async #fill(): Promise<void> {
    this.#chunks ??= (this.#open() as AsyncIterable<Buffer, undefined>)[Symbol.asyncIterator]();
    const { value, done } = await this.#chunks.next();
    this.#at = 0;
    this.#isAtEnd = done === true;
    this.#found = this.#texts(done ? this.#splitter.end() : this.#splitter.add(value));
  }

  /** All but the newline of a line whose last piece has just been given. */
  #texts(lines: readonly Line[]): string[] {
    const texts: string[] = [];
    for (const { text, isPartial } of lines) {
      if (text !== "" || !this.#wasPartial) texts.push(text);
      this.#wasPartial = isPartial;
    }
    return texts;
  }
}
