import { invalidOption } from "../errors/index.ts";
import type { BackendName } from "../result/index.ts";
import type { PreparedStep } from "../step/index.ts";
import { Turn } from "./turn.ts";
import type { Backend, Running } from "./types.ts";
import { Waiting } from "./waiting.ts";

/** @throws ExecutorError INVALID_OPTION. */
export function requireConcurrency(limit: number): void {
  if (Number.isSafeInteger(limit) && limit > 0) return;
  throw invalidOption(`the concurrency ${String(limit)} is no number of steps`, "give a positive whole number");
}

/**
 * Starts at most so many steps at once, and in each turn of the event loop no more than it can bear; the others wait, and the
 * first that came is the first to start.
 */
export class PacedBackend implements Backend {
  readonly name: BackendName;
  readonly reason: string;
  readonly limitations: readonly string[];
  readonly canSetGroups: boolean;
  readonly hasTerminals: boolean;
  readonly #backend: Backend;
  readonly #limit: number;
  readonly #queue: Waiting[] = [];
  readonly #turn: Turn = new Turn(() => this.#startNext());
  #active = 0;

  /** @param limitations Those of the container. */
  constructor(backend: Backend, limit: number, limitations: readonly string[]) {
    this.name = backend.name;
    this.reason = backend.reason;
    this.limitations = [...backend.limitations, ...limitations];
    this.canSetGroups = backend.canSetGroups;
    this.hasTerminals = backend.hasTerminals;
    this.#backend = backend;
    this.#limit = limit;
  }

  start(step: PreparedStep, stdin: boolean): Running {
    const start = (): Running => this.#occupy(this.#turn.spend(() => this.#backend.start(step, stdin)));
    if (this.#queue.length === 0 && this.#isFree()) return start();
    const waiting = new Waiting(start, stdin, () => {
      const at = this.#queue.indexOf(waiting);
      // It may be ended more than once.
      if (at !== -1) this.#queue.splice(at, 1);
    });
    this.#queue.push(waiting);
    return waiting;
  }

  close(): void {
    this.#backend.close();
  }

  #isFree(): boolean {
    return this.#active < this.#limit && !this.#turn.isOver;
  }

  #occupy(running: Running): Running {
    this.#active++;
    const leave = (): void => {
      this.#active--;
      this.#startNext();
    };
    running.ended.then(leave, leave);
    return running;
  }

  #startNext(): void {
    while (this.#isFree()) {
      const next = this.#queue.shift();
      if (!next) return;
      next.begin();
    }
  }
}
