import { Readable, type PassThrough, type Writable } from "node:stream";

/** What a step prints that has not been started yet: empty, until it is told of the stream to follow. */
export class LateStream extends Readable {
  #source: Readable | undefined;

  /** Takes over all that this stream has, and its end. */
  follow(source: Readable): void {
    this.#source = source;
    if (this.destroyed) source.destroy();
    source.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) source.pause();
    });
    // Reading errors show as a close.
    source.on("error", () => undefined).once("close", () => this.push(null));
  }

  /** There will be no stream to follow. */
  end(): void {
    this.push(null);
  }

  override _read(): void {
    this.#source?.resume();
  }

  /** Whoever does not want it any more does not want the step's own: that shall notice. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.discard();
    callback(error);
  }

  /** Lets go of where it comes from. */
  protected discard(): void {
    this.#source?.destroy();
  }
}

/** Makes one stdin of two: what becomes of one becomes of the other. */
export function joinStdin(ours: PassThrough, its: Writable): void {
  if (ours.destroyed) return void its.destroy();
  ours.pipe(its);
  ours.once("close", () => ours.readableEnded || its.destroy());
  its.once("close", () => ours.destroy());
}
