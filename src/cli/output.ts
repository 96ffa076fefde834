import { constants, fstatSync, openSync, write } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { errnoText } from "./usage-error.ts";

/** How long to wait before we try again to write to what another process made non-blocking. */
const FULL_MS = 5;

/** Writes all of a chunk; rejects with the system's error. */
export type Write = (chunk: Buffer) => Promise<void>;

/**
 * A pipe is opened anew, so that ours does not block while those who share the old one see no change. Undefined for what
 * is no pipe, or may not be opened (it is another user's), or has no reader any more.
 */
function openAnew(fd: number): Socket | undefined {
  if (!fstatSync(fd).isFIFO()) return undefined;
  try {
    const own = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    return new Socket({ fd: own, readable: false, writable: true });
  } catch {
    return undefined;
  }
}

/**
 * How to write to one of our descriptors. Not through process.stdout, which blocks the whole process on a pipe while the
 * reader is slow, and then no signal and no timeout counts.
 */
export function output(fd: 1 | 2): Write {
  const socket = openAnew(fd);
  if (socket) {
    // Each write tells of its own error.
    socket.on("error", () => undefined);
    return (chunk) =>
      new Promise((resolve, reject) => {
        socket.write(chunk, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
  }
  return async (chunk) => {
    for (let at = 0; at < chunk.length;) {
      try {
        at += (await promisify(write)(fd, chunk, at)).bytesWritten;
      } catch (error) {
        if (errnoText(error) !== "EAGAIN") throw error;
        await delay(FULL_MS);
      }
    }
  };
}
