import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";

import { openInside } from "../container/index.ts";
import type { MarkedFile } from "../step/index.ts";

/**
 * Writes to a file through the container's view of it, once that is proven to be the very file: as root, we could write to any
 * other that the container puts in its place.
 *
 * @param root A descriptor of the container's root directory.
 * @param place Where it sees the file. Throws node:fs errors.
 */
export function writeInside(root: number, place: string, file: MarkedFile, text: string): void {
  const reference = openInside(root, place);
  try {
    if (!fstatSync(reference).isFile() || !file.isSame(reference)) {
      throw new Error("the container sees another file of that name");
    }
    const fd = openSync(`/proc/self/fd/${reference}`, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(fd, text, 0);
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(reference);
  }
}
