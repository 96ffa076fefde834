import type { Automaton } from "./automaton.ts";

const MASK = Buffer.from("******");

/**
 * Replaces the needles in a stream of bytes, wherever its chunks are cut. Needles that overlap are one, so that nothing of
 * either shows. It keeps no more back than what can be the beginning of a needle, and does not even copy that, for it is
 * known from the needle.
 */
export class Masker {
  readonly #automaton: Automaton;
  /** What of a needle came last; that much is kept back. */
  #state = 0;
  /** How much of that is masked already, being the end of a needle too. */
  #maskedOfState = 0;
  /** Beginnings and ends of needles, in order, that are yet to be written: offsets from the chunk's start. */
  #found: number[] = [];
  /** Up to here everything is written, or is masked by what is. */
  #done = 0;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
  }

  /** What can be passed on after this chunk: often the chunk itself, sometimes nothing. */
  mask(chunk: Buffer): Buffer {
    const automaton = this.#automaton;
    const { window, skip, found } = automaton;
    const before = automaton.bytes(this.#state);
    const { length } = chunk;
    this.#done = this.#maskedOfState - before.length;
    let state = this.#state;
    for (let at = 0; at < length;) {
      if (state === 0) {
        let last = at + window - 1;
        while (last < length) {
          const jump = skip[((chunk[last - 1] as number) << 8) | (chunk[last] as number)] as number;
          if (jump === 0) break;
          last += jump;
        }
        at = last - window + 1;
        if (at >= length) break;
      }
      state = automaton.next(state, chunk[at++] as number);
      const size = found[state] as number;
      if (size === 0) continue;
      this.#add(at - size, at);
      state = automaton.shorten(state);
    }
    this.#state = state;
    const kept = automaton.depth[state] as number;
    const output = this.#write(before, chunk, length - kept);
    this.#maskedOfState = this.#done - length + kept;
    for (let index = 0; index < this.#found.length; index++) this.#found[index] = (this.#found[index] ?? 0) - length;
    return output;
  }

  /** The end of the stream: what was kept back. */
  end(): Buffer {
    const before = this.#automaton.bytes(this.#state);
    this.#done = this.#maskedOfState - before.length;
    this.#state = this.#maskedOfState = 0;
    return this.#write(before, Buffer.alloc(0), 0);
  }

  #add(start: number, end: number): void {
    let first = start;
    // One that ends later may begin earlier.
    while ((this.#found.at(-1) ?? -Infinity) > first) {
      this.#found.pop();
      first = Math.min(first, this.#found.pop() ?? first);
    }
    if (first < this.#done) this.#done = Math.max(this.#done, end);
    else this.#found.push(first, end);
  }

  /** Everything up to an offset, and a needle that begins before it whole. What comes after may be a needle's beginning. */
  #write(before: Buffer, chunk: Buffer, until: number): Buffer {
    const pieces: Buffer[] = [];
    let isKnown = false;
    const copy = (to: number): void => {
      if (this.#done < Math.min(to, 0)) {
        isKnown = true;
        pieces.push(before.subarray(before.length + this.#done, before.length + Math.min(to, 0)));
      }
      if (Math.max(this.#done, 0) < to) pieces.push(chunk.subarray(Math.max(this.#done, 0), to));
      this.#done = Math.max(this.#done, to);
    };
    let index = 0;
    for (; index < this.#found.length; index += 2) {
      const start = this.#found[index] as number;
      if (start > until) break;
      copy(start);
      isKnown = true;
      pieces.push(MASK);
      this.#done = this.#found[index + 1] as number;
    }
    this.#found = this.#found.slice(index);
    copy(until);
    const [first] = pieces;
    // A part of the chunk may leave us as it is; ours is not the reader's to change.
    return pieces.length === 1 && first && !isKnown ? first : Buffer.concat(pieces);
  }
}
