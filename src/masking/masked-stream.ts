import type { Readable } from "node:stream";

import type { Automaton } from "./automaton.ts";
import { Masker } from "./masker.ts";

/** What happens to a stream whose bytes are masked on their way in. */
export interface MaskedStream {
  /** How many bytes were read for what it gave last: what is masked has another length. */
  readonly lastRead: number;
  /** Called where bytes were read and none of them can be passed on yet. */
  onHeld: (() => void) | undefined;
}

/**
 * Masks what a stream is filled with, at the place where it is filled. It stays the very same stream for its readers and
 * for whoever waits for its end: their pace, a pause, an end that is forced (`push(null)`) and a close mean what they meant.
 * To be called before the first byte was read.
 */
export function maskStream(stream: Readable, automaton: Automaton): MaskedStream {
  const masker = new Masker(automaton);
  const push = stream.push.bind(stream);
  const state: { lastRead: number; onHeld: (() => void) | undefined } = { lastRead: 0, onHeld: undefined };
  stream.push = (chunk: Buffer | null) => {
    if (chunk === null) {
      const rest = masker.end();
      if (rest.length > 0) push(rest);
      return push(null);
    }
    state.lastRead = chunk.length;
    const output = masker.mask(chunk);
    if (output.length === 0) state.onHeld?.();
    // Also where it is empty: that tells the stream that it was filled, and may be again.
    return push(output);
  };
  return state;
}
