import { closeSync, constants, fstatSync, openSync, readlinkSync } from "node:fs";

import { readToEnd } from "../system/index.ts";

/** O_PATH | O_NOFOLLOW | O_CLOEXEC: a reference that reads nothing, runs nothing and waits for nobody. */
const REFERENCE = 0o10000000 | constants.O_NOFOLLOW | 0o2000000;
/** As the kernel allows, path_resolution(7). */
const MAX_LINKS = 40;
/** Each level takes a descriptor of ours while we look, and a container can make paths as deep as it likes. */
const MAX_DEPTH = 128;

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${path}: ${code}`), { code });
}

/**
 * Opens a path as the container sees it, as a reference only. Each part is opened by itself and links are followed by us,
 * from the container's root: whatever the container does meanwhile, the way never leads out of it.
 *
 * @param root A descriptor of its root directory.
 * @returns A descriptor, which the caller closes.
 */
export function openInside(root: number, path: string): number {
  const opened = [openSync(`/proc/self/fd/${root}/.`, REFERENCE)];
  const parts = path.split("/");
  let links = 0;
  try {
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      if (part === "" || part === ".") continue;
      if (opened.length > MAX_DEPTH) throw failure("ENAMETOOLONG", path);
      const directory = opened.at(-1) as number;
      if (part === "..") {
        if (opened.length > 1) closeSync(opened.pop() as number);
        continue;
      }
      const place = `/proc/self/fd/${directory}/${part}`;
      const fd = openSync(place, REFERENCE);
      if (!fstatSync(fd).isSymbolicLink()) {
        opened.push(fd);
        continue;
      }
      closeSync(fd);
      if (++links > MAX_LINKS) throw failure("ELOOP", path);
      const target = readlinkSync(place);
      if (target.startsWith("/")) while (opened.length > 1) closeSync(opened.pop() as number);
      parts.unshift(...target.split("/"));
    }
    return opened.pop() as number;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/**
 * Reads a file of the container's. What is no regular file (a FIFO would keep us waiting for ever) or is larger than the
 * limit is an error.
 */
export function readInside(root: number, path: string, limit: number): Buffer {
  const reference = openInside(root, path);
  let fd: number | undefined;
  try {
    const stat = fstatSync(reference);
    if (!stat.isFile()) throw failure("it is no regular file", path);
    if (stat.size > limit) throw failure(`it has more than ${limit} bytes`, path);
    fd = openSync(`/proc/self/fd/${reference}`, constants.O_RDONLY | constants.O_NONBLOCK);
    return readToEnd(fd, limit, stat.size);
  } finally {
    if (fd !== undefined) closeSync(fd);
    closeSync(reference);
  }
}
