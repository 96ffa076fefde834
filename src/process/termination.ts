import os from "node:os";

import type { Running } from "../backend/index.ts";
import { afterDelay } from "./delay.ts";

const { SIGTERM, SIGKILL } = os.constants.signals;
/** After SIGKILL: how long until a supervisor that says nothing is given up. Its own patience is shorter. */
const ABANDON_MS = 900;
/** How long after that until we stop waiting for it. */
const LOST_MS = 50;

/** Ends a step: the polite signal, SIGKILL after a delay, and a way out where even that has no effect. */
export class Termination {
  readonly #running: Running;
  readonly #forceKillAfterDelay: number;
  readonly #onLost: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #isEnding = false;

  constructor(running: Running, forceKillAfterDelay: number, onLost: () => void) {
    this.#running = running;
    this.#forceKillAfterDelay = forceKillAfterDelay;
    this.#onLost = onLost;
  }

  /** Whether the end was asked for. */
  get isForced(): boolean {
    return this.#isEnding;
  }

  /** Whether the step has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends a signal to the whole process group, and no more. */
  signal(signal: number): void {
    if (!this.#isOver) this.#running.signal(signal, false);
  }

  /** Ends the whole tree, beginning with this signal. */
  end(signal: number = SIGTERM): void {
    if (this.#isOver) {
      // Only its output is left: from now on nobody waits for a reader that does not read.
      this.#isEnding = true;
      return;
    }
    if (signal === SIGKILL) return this.#kill();
    this.#running.signal(signal, true);
    // The first request starts the clock; a second one shall not put SIGKILL off.
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#after(this.#forceKillAfterDelay, () => this.#kill());
  }

  /** The step has ended: nothing is sent any more. */
  over(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #kill(): void {
    this.#isEnding = true;
    this.#running.signal(SIGKILL, true);
    this.#after(ABANDON_MS, () => {
      this.#running.abandon();
      this.#after(LOST_MS, this.#onLost);
    });
  }

  #after(ms: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = afterDelay(ms, () => {
      if (!this.#isOver) action();
    });
  }
}
