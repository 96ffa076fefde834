/** More would not make the skipping faster. */
const LONGEST_SKIP = 64;

/**
 * The automaton of Aho and Corasick (1975): finds all of many needles in one pass, whatever they are. State 0 is "nothing
 * of a needle"; each other state stands for the beginning of a needle that was just read.
 */
export class Automaton {
  /** The length of what a state stands for. */
  readonly depth: Int32Array;
  /** The length of the longest needle that ends with what a state stands for; 0 where none does. */
  readonly found: Int32Array;
  /** How far one can jump in state 0, by the last two bytes of the shortest needle's length (Wu and Manber, 1994). */
  readonly skip: Uint8Array = new Uint8Array(65536);
  /** The length to look at for that. */
  readonly window: number;
  readonly #needles: readonly Buffer[];
  /** A needle that begins with what a state stands for. */
  readonly #needle: Int32Array;
  readonly #byte: Uint8Array;
  readonly #firstChild: Int32Array;
  readonly #sibling: Int32Array;
  /** The longest shorter state that ends in the same way. */
  readonly #fallback: Int32Array;
  readonly #fromStart: Int32Array = new Int32Array(256);
  #size = 1;

  /** @param needles Each of at least two bytes. */
  constructor(needles: readonly Buffer[]) {
    const most = needles.reduce((sum, { length }) => sum + length, 1);
    const numbers = (): Int32Array => new Int32Array(most);
    this.#needles = needles;
    this.#byte = new Uint8Array(most);
    [this.depth, this.found, this.#needle] = [numbers(), numbers(), numbers()];
    [this.#firstChild, this.#sibling, this.#fallback] = [numbers(), numbers(), numbers()];
    needles.forEach((needle, index) => this.#add(needle, index));
    this.#link();
    this.window = Math.min(LONGEST_SKIP, ...needles.map(({ length }) => length));
    this.#fillSkip();
  }

  /** The bytes that a state stands for. */
  bytes(state: number): Buffer {
    return this.#needles[this.#needle[state] ?? 0]?.subarray(0, this.depth[state]) ?? Buffer.alloc(0);
  }

  /** The state after one more byte. */
  next(state: number, byte: number): number {
    for (let at = state; at !== 0; at = this.#fallback[at] as number) {
      const child = this.#child(at, byte);
      if (child !== 0) return child;
    }
    return this.#fromStart[byte] as number;
  }

  /** The same state without what can be no beginning: where no needle goes on, its end is all that counts. */
  shorten(state: number): number {
    let at = state;
    while (at !== 0 && this.#firstChild[at] === 0) at = this.#fallback[at] as number;
    return at;
  }

  #child(state: number, byte: number): number {
    let child = this.#firstChild[state] as number;
    while (child !== 0 && this.#byte[child] !== byte) child = this.#sibling[child] as number;
    return child;
  }

  #add(needle: Buffer, index: number): void {
    let state = 0;
    for (const byte of needle) {
      const child = state === 0 ? (this.#fromStart[byte] as number) : this.#child(state, byte);
      state = child === 0 ? this.#grow(state, byte, index) : child;
    }
    this.found[state] = needle.length;
  }

  #grow(parent: number, byte: number, needle: number): number {
    const state = this.#size++;
    this.#byte[state] = byte;
    this.#needle[state] = needle;
    this.depth[state] = (this.depth[parent] as number) + 1;
    this.#sibling[state] = this.#firstChild[parent] as number;
    this.#firstChild[parent] = state;
    if (parent === 0) this.#fromStart[byte] = state;
    return state;
  }

  /** Breadth first: a fallback is shorter than its state, and so is known before. */
  #link(): void {
    const queue = new Int32Array(this.#size);
    let end = 1;
    for (let at = 0; at < end; at++) {
      const state = queue[at] as number;
      for (let child = this.#firstChild[state] as number; child !== 0; child = this.#sibling[child] as number) {
        queue[end++] = child;
        if (state === 0) continue;
        const fallback = this.next(this.#fallback[state] as number, this.#byte[child] as number);
        this.#fallback[child] = fallback;
        this.found[child] ||= this.found[fallback] as number;
      }
    }
  }

  #fillSkip(): void {
    this.skip.fill(this.window - 1);
    for (const needle of this.#needles) {
      for (let at = 0; at + 2 <= this.window; at++) {
        const pair = needle.readUInt16BE(at);
        this.skip[pair] = Math.min(this.skip[pair] as number, this.window - 2 - at);
      }
    }
  }
}
