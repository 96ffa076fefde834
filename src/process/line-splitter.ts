/** In UTF-16 units. A longer line would grow memory without limit: it comes in pieces. */
const LONGEST_LINE = 1024 * 1024;

/** A line without its newline, or a piece of one that is too long. */
export interface Line {
  text: string;
  /** Whether the next one goes on with it. */
  isPartial: boolean;
}

/** Cuts chunks into lines. UTF-8 is never split, wherever the chunks are. */
export class LineSplitter {
  /** A byte order mark is a part of the output. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest = "";
  #isCut = false;

  /** The lines that a chunk completes. */
  add(chunk: Uint8Array): Line[] {
    const [first = "", ...more] = this.#decoder.decode(chunk, { stream: true }).split("\n");
    const found: Line[] = [];
    this.#rest += first;
    for (const next of more) {
      found.push({ text: this.#rest, isPartial: false });
      this.#isCut = false;
      this.#rest = next;
    }
    // The decoder holds half characters back, so a cut between two chunks splits none.
    if (this.#rest.length >= LONGEST_LINE) {
      found.push({ text: this.#rest, isPartial: true });
      this.#isCut = true;
      this.#rest = "";
    }
    return found;
  }

  /** At the end: a last line without a newline, and the end of one that came in pieces. */
  end(): Line[] {
    this.#rest += this.#decoder.decode();
    return this.#rest === "" && !this.#isCut ? [] : [{ text: this.#rest, isPartial: false }];
  }
}
