import type { Readable } from "node:stream";

import type { MaskedStream } from "../masking/index.ts";

/** What libuv reads at once: a shorter chunk means that the pipe was empty after it. */
const WHOLE_READ = 65536;
/** The largest pipe there is without privilege, and what is on its way behind it: so much can be the step's own. */
const LARGEST_PIPE = 2 * 1024 * 1024;

/** One of a step's streams. */
export interface Output {
  stream: Readable;
  masked: MaskedStream | undefined;
}

/** What is left of a stream when its step has ended. */
export class Tail {
  /** Resolves when nothing more comes: true where the pipe came to its end, false where it was let go. */
  readonly over: Promise<boolean>;
  readonly #stream: Readable;
  readonly #masked: MaskedStream | undefined;
  readonly #onRead: () => void;
  #finish: (isWhole: boolean) => void = () => undefined;
  #isOpen = true;
  /** Bytes since the step's end. */
  #since = 0;
  #isEmptied = true;

  /** @param onRead Called for each chunk that comes after watch(). */
  constructor({ stream, masked }: Output, onRead: () => void) {
    this.#stream = stream;
    this.#masked = masked;
    this.#onRead = onRead;
    const onClose = (): void => this.#finish(true);
    this.over = new Promise((resolve) => {
      this.#finish = (isWhole) => {
        this.#isOpen = false;
        stream.off("data", this.#take).off("close", onClose);
        if (masked) masked.onHeld = undefined;
        resolve(isWhole);
      };
    });
    if (stream.closed) this.#finish(true);
    else stream.once("close", onClose);
    // Reading errors show as a close; without a listener they would end the agent.
    stream.on("error", () => undefined);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether something waits for the reader. One that iterates counts as paused all the time. */
  get isBehind(): boolean {
    const isPaused = this.#stream.isPaused() && this.#stream.listenerCount("readable") === 0;
    return isPaused || this.#stream.readableLength > 0;
  }

  /** Whether all that the step itself wrote was read, where a background process writes on. */
  get isOwnRead(): boolean {
    return this.#isEmptied || this.#since > LARGEST_PIPE;
  }

  /** Looks at what comes from now on, the step's end. */
  watch(): void {
    if (!this.#isOpen) return;
    const stream = this.#stream;
    // Nobody ever looked at it (buffer: false): then nobody misses it.
    if (stream.readableFlowing === null && stream.listenerCount("readable") === 0) stream.resume();
    stream.on("data", this.#take);
    if (this.#masked) this.#masked.onHeld = this.#take;
  }

  /** Ends the stream although its pipe is open. */
  letGo(): void {
    // An end, not a destroy: a reader that iterates shall see the end of the data, not an error.
    this.#stream.push(null);
    // What is written meanwhile would be an error, too.
    this.#stream.push = () => false;
    this.#finish(false);
  }

  readonly #take = (chunk?: Buffer): void => {
    const read = this.#masked?.lastRead ?? chunk?.length ?? 0;
    this.#since += read;
    this.#isEmptied = read < WHOLE_READ;
    this.#onRead();
  };
}
