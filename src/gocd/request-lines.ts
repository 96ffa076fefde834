import { ExecutorError } from "../errors/index.ts";

/** More than all the variables that a process can be started with. A longer line is thrown away as it comes. */
const LONGEST_REQUEST = 16 * 1024 * 1024;
const LF = 0x0a;
const FIRST_SIZE = 4096;

/** A line of a client's, or why there is none. */
export type RequestLine = Buffer | ExecutorError;

/** Cuts what a client sends into lines. */
export class RequestLines {
  /** One buffer, for a client can make each byte a chunk. */
  #kept = Buffer.alloc(0);
  #size = 0;
  #isTooLong = false;

  /** The lines that a chunk completes. */
  *add(chunk: Buffer): Generator<RequestLine, void, undefined> {
    let at = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, at)) {
      this.#keep(chunk.subarray(at, end));
      at = end + 1;
      yield this.#take();
    }
    this.#keep(chunk.subarray(at));
  }

  /** A last line without a newline. */
  *end(): Generator<RequestLine, void, undefined> {
    if (this.#size > 0 || this.#isTooLong) yield this.#take();
  }

  #take(): RequestLine {
    // A copy, for the next line is written over it.
    const line = Buffer.from(this.#kept.subarray(0, this.#size));
    const isTooLong = this.#isTooLong;
    this.#size = 0;
    this.#isTooLong = false;
    if (this.#kept.length > LONGEST_REQUEST / 16) this.#kept = Buffer.alloc(0);
    if (!isTooLong) return line;
    return new ExecutorError("REQUEST_TOO_LONG", {
      problem: `a request has more than ${LONGEST_REQUEST} bytes`,
      remedy: "put what is large into files on the shared volume",
    });
  }

  #keep(part: Buffer): void {
    if (this.#isTooLong || part.length === 0) return;
    const size = this.#size + part.length;
    if (size > LONGEST_REQUEST) {
      this.#isTooLong = true;
      this.#kept = Buffer.alloc(0);
      this.#size = 0;
      return;
    }
    if (size > this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, this.#kept.length * 2, FIRST_SIZE));
      this.#kept.copy(larger, 0, 0, this.#size);
      this.#kept = larger;
    }
    part.copy(this.#kept, this.#size);
    this.#size = size;
  }
}
