import type { Socket } from "node:net";

import { SystemError } from "../../errors/index.ts";
import { readPipe } from "../pipe-streams.ts";
import { encodeMessage, MESSAGE, ResidentSteps, type ResidentStep } from "../resident-steps.ts";
import type { Libc } from "./libc.ts";
import type { SpawnedResident } from "./spawn-resident.ts";

const SIGCONT = 18;
/** How long until what its socket had no room for is sent again, unless a record comes before: mostly one does. */
const RETRY_MS = 10;
/** It has ended, and its end is about to be seen. */
const ENDED: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ESRCH", "ENOTCONN"]);

/** A step that is to be sent with its descriptors. */
export interface SentStep extends ResidentStep {
  /** The request, the control pipe, stdout and stderr, and a stdin if there is one. */
  readonly descriptors: readonly number[];
  /** The descriptors were sent: ours of them can be closed. */
  onSent(): void;
  /** The resident is gone, and the step was never sent to it. */
  onUnsent(): void;
  /** The step cannot be sent, for another reason than the resident's end. */
  onFailed(error: unknown): void;
}

function isEnd(error: unknown): boolean {
  return error instanceof SystemError && ENDED.has(error.code);
}

/** The process that starts the steps of one container (native/resident/resident.c), as long as it lives. */
export class Resident {
  readonly #libc: Libc;
  readonly #pid: number;
  readonly #steps: ResidentSteps<SentStep>;
  /** Those that its socket has no room for yet. */
  #unsent: number[] = [];
  #retry: NodeJS.Timeout | undefined;
  #socket: number | undefined;

  constructor(libc: Libc, { pid, socket, records }: SpawnedResident) {
    this.#libc = libc;
    this.#pid = pid;
    this.#socket = socket;
    const stream = readPipe(records) as Socket;
    this.#steps = new ResidentSteps(stream, () => this.#over());
    // That something came means that messages were received.
    stream.on("data", () => this.#sendMore());
  }

  get ready(): Promise<void> {
    return this.#steps.ready;
  }

  /** Whether steps can be sent to it. */
  get isAlive(): boolean {
    return this.#socket !== undefined;
  }

  /**
   * Starts a step, or remembers it until there is room in the socket.
   *
   * @returns Its number; undefined where the resident has ended. Throws a SystemError.
   */
  start(step: SentStep): number | undefined {
    const number = this.#steps.add(step);
    try {
      if (this.#unsent.length === 0 && this.#send(number, step)) return number;
    } catch (error) {
      this.#steps.release(number);
      throw error;
    }
    if (this.isAlive) {
      this.#unsent.push(number);
      this.#sendLater();
      return number;
    }
    this.#steps.release(number);
    return undefined;
  }

  /** Kills the keeper of a step, which does not answer. */
  abandon(number: number): void {
    if (this.#socket === undefined) return;
    this.#wake();
    try {
      this.#libc.send(this.#socket, encodeMessage(MESSAGE.abandon, number), []);
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
  }

  release(number: number): void {
    this.#steps.release(number);
  }

  /** It ends all steps that there still are, and itself. It is reaped when it has. */
  close(): void {
    if (this.#socket === undefined) return;
    this.#libc.close(this.#socket);
    this.#socket = undefined;
    this.#wake();
    if (this.#unsent.length > 0) this.#sendLater();
  }

  /** A container that sees our processes may have stopped it. */
  #wake(): void {
    try {
      this.#libc.kill(this.#pid, SIGCONT);
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
  }

  #send(number: number, step: SentStep): boolean {
    if (this.#socket === undefined) return false;
    // A keeper that a container stops before it has closed what it inherits would keep socket and records open.
    if (this.#libc.hasEnded(this.#pid)) {
      this.close();
      return false;
    }
    this.#wake();
    try {
      const message = encodeMessage(MESSAGE.start, number, step.descriptors.length);
      if (!this.#libc.send(this.#socket, message, step.descriptors)) return false;
    } catch (error) {
      if (!isEnd(error)) throw error;
      // Its keepers are told by the lifeline; what they report still comes.
      this.close();
      return false;
    }
    step.onSent();
    return true;
  }

  /** Those that have its messages may say nothing for long, and it may be stopped: then no record comes. */
  #sendLater(): void {
    if (this.#retry) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#sendMore();
    }, RETRY_MS);
  }

  #sendMore(): void {
    while (this.isAlive && this.#unsent.length > 0) {
      const [number = 0] = this.#unsent;
      const step = this.#steps.get(number);
      try {
        // It may have been given up meanwhile.
        if (step && !this.#send(number, step)) break;
      } catch (error) {
        this.#steps.release(number);
        step?.onFailed(error);
      }
      this.#unsent.shift();
    }
    if (!this.isAlive) this.#handBack();
    else if (this.#unsent.length > 0) this.#sendLater();
  }

  /** What was never sent goes to another resident. */
  #handBack(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const number of unsent) {
      const step = this.#steps.get(number);
      this.#steps.release(number);
      step?.onUnsent();
    }
  }

  #over(): void {
    this.close();
    this.#handBack();
    void this.#reap();
  }

  async #reap(): Promise<void> {
    // Its descriptors are closed a moment before it can be reaped.
    if (this.#libc.reap(this.#pid)) return;
    await this.#libc.wait(this.#pid);
    this.#libc.reap(this.#pid);
  }
}
