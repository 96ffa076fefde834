import { fstatSync, write } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { openAnew } from "./open-anew.ts";
import { errnoText } from "./usage-error.ts";

/** How long to wait before we try again to write to what does not block and is full. */
const FULL_MS = 5;

/** Writes all of a chunk; rejects with the system's error. */
export type Write = (chunk: Buffer) => Promise<void>;

function writeBySocket(fd: number): Write {
  const socket = new Socket({ fd, readable: false, writable: true });
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

function writeByCalls(fd: number): Write {
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

/**
 * How to write to one of our descriptors. Not through process.stdout, which blocks the whole process while the reader is
 * slow, and then no signal and no timeout counts. Nor by a call that blocks a thread: Node would wait for that at its end.
 */
export function output(fd: 1 | 2): Write {
  const stat = fstatSync(fd);
  if (stat.isFIFO()) return writeBySocket(openAnew(fd) ?? fd);
  // A socket cannot be opened anew; at our end Node gives it back as it was.
  if (stat.isSocket()) return writeBySocket(fd);
  return writeByCalls(openAnew(fd) ?? fd);
}
