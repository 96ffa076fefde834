import { closeSync, constants, openSync } from "node:fs";

/** O_PATH | O_DIRECTORY | O_CLOEXEC: a reference that reads nothing and waits for nobody. node:fs does not name O_PATH. */
const REFERENCE = 0o10000000 | constants.O_DIRECTORY | 0o2000000;

/** Descriptors that live and end together. */
export class Descriptors {
  #open: number[] = [];

  /** Opens a file of /proc for reading. */
  file(path: string): number {
    return this.#keep(openSync(path, constants.O_RDONLY));
  }

  /** Opens a directory as a reference only, without needing the right to list it. */
  directory(path: string): number {
    return this.#keep(openSync(path, REFERENCE));
  }

  /** Takes one that was opened elsewhere. */
  adopt(fd: number): number {
    return this.#keep(fd);
  }

  close(): void {
    const open = this.#open;
    this.#open = [];
    for (const fd of open) closeSync(fd);
  }

  #keep(fd: number): number {
    this.#open.push(fd);
    return fd;
  }
}
