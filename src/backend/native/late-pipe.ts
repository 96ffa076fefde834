import { LateStream } from "../late-stream.ts";
import { readPipe } from "../pipe-streams.ts";
import type { Libc } from "./libc.ts";

/** The read end of a pipe that is read only once it is known that something comes: mostly nothing does. */
export class LatePipe extends LateStream {
  readonly #libc: Libc;
  #fd: number | undefined;

  /** @param fd The read end, which is this stream's from now on. */
  constructor(libc: Libc, fd: number) {
    super();
    this.#libc = libc;
    this.#fd = fd;
  }

  /** Begins to read, where it has not begun and is wanted. */
  open(): void {
    if (this.#fd === undefined) return;
    const source = readPipe(this.#fd);
    this.#fd = undefined;
    this.follow(source);
  }

  /** Nothing comes. Without effect where reading has begun. */
  finish(): void {
    if (this.#fd === undefined) return;
    this.#close();
    this.end();
  }

  protected override discard(): void {
    this.#close();
    super.discard();
  }

  #close(): void {
    if (this.#fd !== undefined) this.#libc.close(this.#fd);
    this.#fd = undefined;
  }
}
