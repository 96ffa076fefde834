import { finished, Readable, type Writable } from "node:stream";

import { ExecutorError } from "../errors/index.ts";
import type { ProcessOptions } from "./options.ts";

/** Copies a stream at the pace of its reader. Not by pipe(), which throws in the agent's face what it cannot write. */
class Pump {
  readonly #source: Readable;
  readonly #stdin: Writable;
  readonly #forget: () => void;

  constructor(source: Readable, stdin: Writable, onFailure: (error: Error) => void) {
    this.#source = source;
    this.#stdin = stdin;
    const fail = (error: Error): void => {
      this.stop();
      onFailure(error);
    };
    const onData = (chunk: unknown): void => {
      if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) {
        fail(new TypeError(`it yields a chunk of type ${typeof chunk}`));
      } else if (!stdin.write(chunk)) {
        source.pause();
      }
    };
    const onDrain = (): void => void source.resume();
    const onEnd = (): void => void stdin.end();
    // One that was read to its end before, by another step perhaps, does not say so again.
    if (source.readableEnded) onEnd();
    // For good: a source that fails after the step has ended shall not end the agent.
    source.on("error", () => undefined);
    source.on("data", onData).once("end", onEnd);
    stdin.on("drain", onDrain);
    const unwatch = finished(source, { writable: false }, (error) => {
      if (error) fail(error);
    });
    this.#forget = () => {
      unwatch();
      source.off("data", onData).off("end", onEnd);
      stdin.off("drain", onDrain);
    };
  }

  stop(): void {
    this.#forget();
    // Another step may read it too.
    if (this.#source.listenerCount("data") === 0) this.#source.pause();
    else this.#source.resume();
    this.#stdin.destroy();
  }
}

/** Feeds a step's stdin from what the caller gave. A step that does not read it all is no error. */
export class Feeder {
  #failure: Error | undefined;
  readonly #stop: () => void;

  /** @param onFailure The source failed or was destroyed: the step must not take that for the end of its input. */
  constructor(stdin: Writable, options: Pick<ProcessOptions, "input" | "stdin">, onFailure: () => void) {
    const source = options.stdin === "inherit" ? process.stdin : options.input;
    if (source instanceof Readable) {
      const pump = new Pump(source, stdin, (error) => {
        this.#failure = error;
        onFailure();
      });
      this.#stop = () => pump.stop();
      return;
    }
    if (source !== undefined) stdin.end(source);
    this.#stop = () => stdin.destroy();
  }

  /** Stops feeding, at the step's end. @throws ExecutorError INPUT_FAILED where the source failed. */
  stop(): void {
    this.#stop();
    if (!this.#failure) return;
    throw new ExecutorError("INPUT_FAILED", {
      problem: `the input of the step failed: ${this.#failure.message}`,
      remedy: "give a stream that can be read to its end",
      cause: this.#failure,
    });
  }
}
