import { writeSync } from "node:fs";
import { isatty } from "node:tty";

import { say } from "./say.ts";

const CLEAR_LINE = "\r\x1b[2K";
/** A line that wraps could not be cleared. */
const MARGIN = 2;
/** In a log, a line at most so often. */
const LOG_EVERY_MS = 10_000;

/** Says what is waited for: on a terminal in one line that is written over, in a log, where that is wanted, in lines. */
export class WaitProgress {
  readonly #isTerminal = isatty(2);
  readonly #logs: boolean;
  #saidAt = -Infinity;
  #isShown = false;

  /** @param logs Whether lines are wanted where stderr is no terminal. */
  constructor(logs: boolean) {
    this.#logs = logs;
  }

  show(text: string): void {
    if (this.#isTerminal) this.#overwrite(text);
    else if (this.#logs && performance.now() - this.#saidAt >= LOG_EVERY_MS) {
      this.#saidAt = performance.now();
      say(`waiting: ${text}`);
    }
  }

  /** Clears the terminal's line. */
  end(): void {
    if (this.#isShown) writeSync(2, CLEAR_LINE);
  }

  #overwrite(text: string): void {
    this.#isShown = true;
    const width = (process.stderr.columns || 80) - MARGIN;
    writeSync(2, `${CLEAR_LINE}${`k8s-executor: waiting: ${text}`.slice(0, width)}`);
  }
}
