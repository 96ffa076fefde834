import { fstatSync } from "node:fs";

import { output, type Write } from "./output.ts";

const LF = 0x0a;

/** A file, pipe or terminal that output goes to, be it by one descriptor or by two. */
export class Destination {
  #last: Promise<void> = Promise.resolve();
  /** Whether what was written last is the beginning of a line. */
  isMidLine = false;

  /** How to write to it by one of its descriptors: all of a chunk, before anybody else's begins. */
  by(fd: 1 | 2): Write {
    const write = output(fd);
    return (chunk) => {
      const before = this.#last;
      const done = (async () => {
        await before;
        await write(chunk);
        this.isMidLine = chunk.at(-1) !== LF;
      })();
      // Whoever writes next has its own error.
      this.#last = done.catch(() => undefined);
      return done;
    };
  }
}

/** Where our stdout and stderr go, by number. */
export type Destinations = Readonly<Record<1 | 2, Destination>>;

/** They are one and the same with 2>&1. */
export function destinations(): Destinations {
  const [stdout, stderr] = [fstatSync(1), fstatSync(2)];
  const first = new Destination();
  return { 1: first, 2: stdout.dev === stderr.dev && stdout.ino === stderr.ino ? first : new Destination() };
}
