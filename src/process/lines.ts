import type { Readable } from "node:stream";

/** In UTF-16 units. A longer line would grow memory without limit: it comes in pieces. */
const LONGEST_LINE = 1024 * 1024;

/**
 * The lines of a stream, without their newline; a last line without one counts too. UTF-8 is never split. What a line has
 * beyond a megabyte comes as further lines.
 */
export async function* lines(stream: Readable): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  let isCut = false;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const [first = "", ...more] = decoder.decode(chunk, { stream: true }).split("\n");
    rest += first;
    for (const next of more) {
      // The newline of a line whose last piece has just been given.
      if (rest !== "" || !isCut) yield rest;
      isCut = false;
      rest = next;
    }
    // The decoder holds half characters back, so a cut between two chunks splits none.
    if (rest.length >= LONGEST_LINE) {
      yield rest;
      isCut = true;
      rest = "";
    }
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
