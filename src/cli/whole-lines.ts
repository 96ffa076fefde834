import type { Readable } from "node:stream";

const LF = 0x0a;
const CR = 0x0d;
/** How long nothing may come until a line without an end is passed on: a prompt, or a program that works silently. */
const QUIET_MS = 500;
/** A longer line would grow memory without limit: it comes in pieces. */
const LONGEST_LINE = 1024 * 1024;

/** The beginning of a line whose end has not come. One buffer, for a container can make each byte a chunk. */
class Beginning {
  #bytes = Buffer.alloc(0);
  length = 0;

  get endsInReturn(): boolean {
    return this.length > 0 && this.#bytes[this.length - 1] === CR;
  }

  add(chunk: Buffer): void {
    if (this.length + chunk.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * (this.length + chunk.length));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.length);
    this.length += chunk.length;
  }

  /** Takes it, with what follows. */
  take(rest?: Buffer): Buffer {
    const kept = this.#bytes.subarray(0, this.length);
    // A copy: the next beginning is written over it.
    const taken = this.length === 0 && rest ? rest : Buffer.concat(rest ? [kept, rest] : [kept]);
    this.length = 0;
    // What a long line needed is not kept for short ones.
    if (this.#bytes.length > LONGEST_LINE / 4) this.#bytes = Buffer.alloc(0);
    return taken;
  }
}

/**
 * How much of a chunk is whole lines. A carriage return ends one too, as of a progress bar; but at the very end it may be
 * the first half of CRLF.
 */
function wholeLength(chunk: Buffer): number {
  const afterLine = chunk.lastIndexOf(LF) + 1;
  return afterLine + chunk.subarray(afterLine, -1).lastIndexOf(CR) + 1;
}

type Next = IteratorResult<Buffer, undefined>;

/** The next chunk, or undefined where nothing comes for so long. */
async function nextOrQuiet(next: Promise<Next>, quietMs: number): Promise<Next | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, quietMs, undefined);
  });
  return Promise.race([next, quiet]).finally(() => clearTimeout(timer));
}

/**
 * The same bytes, cut only where a line ends, so that lines of two streams do not get into each other. Exceptions: the last
 * line, one over a megabyte, and one whose end has not come when nothing has for half a second.
 *
 * Leaving it early destroys the stream.
 */
export async function* wholeLines(from: Readable, quietMs: number = QUIET_MS): AsyncGenerator<Buffer, void, undefined> {
  const chunks = (from as AsyncIterable<Buffer>)[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  const beginning = new Beginning();
  try {
    for (;;) {
      const next = chunks.next();
      let result = beginning.length === 0 ? await next : await nextOrQuiet(next, quietMs);
      if (!result) {
        // Whoever leaves us here does not wait for it any more.
        next.catch(() => undefined);
        yield beginning.take();
        result = await next;
      }
      if (result.done) break;
      const chunk = result.value;
      if (beginning.endsInReturn && chunk[0] !== LF) yield beginning.take();
      const whole = wholeLength(chunk);
      if (whole > 0) yield beginning.take(chunk.subarray(0, whole));
      beginning.add(chunk.subarray(whole));
      if (beginning.length >= LONGEST_LINE) yield beginning.take();
    }
    if (beginning.length > 0) yield beginning.take();
  } finally {
    from.destroy();
  }
}
