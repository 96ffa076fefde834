/** How long starting steps may hold the event loop before whatever else waits has its turn: one step, or two. */
const BUDGET_MS = 0.5;

/** One turn of the event loop, and what of it was spent. */
export class Turn {
  readonly #onNext: () => void;
  #spent = 0;

  /** @param onNext Called in the turn after one in which something was spent. */
  constructor(onNext: () => void) {
    this.#onNext = onNext;
  }

  /** Whether the rest is to be left for later. The first of a turn never is, however long it takes. */
  get isOver(): boolean {
    return this.#spent >= BUDGET_MS;
  }

  spend<Result>(work: () => Result): Result {
    if (this.#spent === 0) setImmediate(() => this.#begin());
    const startedAt = performance.now();
    try {
      return work();
    } finally {
      this.#spent += performance.now() - startedAt;
    }
  }

  #begin(): void {
    this.#spent = 0;
    this.#onNext();
  }
}
