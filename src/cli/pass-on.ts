import type { Readable } from "node:stream";

import { ExecutorError } from "../index.ts";
import type { Destination } from "./destination.ts";
import { errnoText } from "./usage-error.ts";
import { wholeLines } from "./whole-lines.ts";

/**
 * Copies a stream to one of our descriptors, at the pace of its reader.
 *
 * A reader that has gone ends the copying, and the script sees that as it would in a pipeline.
 *
 * @param byLines Whole lines at once, rather than what there is.
 * @throws ExecutorError OUTPUT_FAILED where the output cannot be written for another reason.
 */
export async function passOn(from: Readable, to: Destination, fd: 1 | 2, byLines: boolean): Promise<void> {
  try {
    const write = to.by(fd);
    // Leaving the loop destroys the stream, which closes the script's pipe.
    for await (const chunk of byLines ? wholeLines(from) : from) await write(chunk as Buffer);
  } catch (error) {
    const errno = errnoText(error);
    if (errno === "EPIPE" || errno === "ECONNRESET") return;
    throw new ExecutorError("OUTPUT_FAILED", {
      problem: `the output of the step cannot be written to descriptor ${fd} (${errno})`,
      remedy: "check where the output of k8s-executor goes",
      cause: error,
    });
  }
}
