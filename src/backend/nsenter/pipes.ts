import type { Readable, Writable } from "node:stream";

import type { Identity } from "../../container/index.ts";
import { ExecutorError, SystemError } from "../../errors/index.ts";
import type { Libc } from "../native/libc.ts";
import { readPipe, writePipe } from "../pipe-streams.ts";

/** Real pipes and a script in memory for nsenter, where FFI works; sockets of child_process where it does not. */
export class NsenterPipes {
  stdout: Readable | undefined;
  stderr: Readable | undefined;
  stdin: Writable | undefined;
  readonly #libc: Libc | undefined;
  readonly #owner: Identity;
  #given: number[] = [];

  constructor(libc: Libc | undefined, owner: Identity) {
    this.#libc = libc;
    this.#owner = owner;
  }

  /** What goes into the stdio list of child_process. */
  open(name: "stdout" | "stderr"): number | "pipe" {
    if (!this.#libc) return "pipe";
    const [read, write] = this.#libc.pipe();
    this[name] = readPipe(read);
    return this.#give(write);
  }

  /**
   * A stdin to write to. Not a socket: a program that splices from a socket (BusyBox's cat does) into its stdout holds
   * that pipe's lock until the socket has data, and we, who read the pipe, would stand still.
   */
  openStdin(): number | "pipe" {
    if (!this.#libc) return "pipe";
    const [read, write] = this.#libc.pipe();
    this.stdin = writePipe(write);
    return this.#give(read);
  }

  /** A stdin that is at its end, and nothing of the agent's. */
  emptyStdin(): number | "pipe" {
    if (!this.#libc) return "pipe";
    const [read, write] = this.#libc.pipe();
    this.#libc.close(write);
    return this.#give(read);
  }

  /** @throws ExecutorError BACKEND_UNAVAILABLE without FFI. */
  giveScript(bytes: Uint8Array): number {
    if (!this.#libc) {
      throw new ExecutorError("BACKEND_UNAVAILABLE", {
        problem: "the backend nsenter cannot pass a script in memory without FFI",
        remedy: "give a shared root, so that the script travels as a file",
      });
    }
    const fd = this.#libc.memfd("script", bytes, "data");
    this.#given.push(fd);
    return fd;
  }

  /** Closes our copies of what nsenter now has. */
  closeGiven(): void {
    for (const fd of this.#given) this.#libc?.close(fd);
    this.#given = [];
  }

  closeAll(): void {
    this.closeGiven();
    this.stdout?.destroy();
    this.stderr?.destroy();
    this.stdin?.destroy();
  }

  #give(fd: number): number {
    this.#given.push(fd);
    const { ourUid, ourGid } = this.#owner;
    try {
      if (ourUid !== process.geteuid?.()) this.#libc?.chown(fd, ourUid, ourGid);
    } catch (error) {
      // Without CAP_CHOWN (EPERM), or for a user without a place in our user namespace (EINVAL), /dev/stdout cannot be opened.
      if (!(error instanceof SystemError)) throw error;
    }
    return fd;
  }
}
