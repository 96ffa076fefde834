import type { Readable } from "node:stream";

import type { MaskedStream } from "../masking/index.ts";
import { afterDelay } from "./delay.ts";

/** How long a pipe that a background process holds open may be silent, after the step's end, before we let it go. */
const QUIET_MS = 200;
/** How long such a process may go on talking. */
const CHATTER_MS = 5000;
/** How long to wait for output that is still on its way through the helper, while nothing comes. */
const STUCK_MS = 5000;
/** How long a reader that does not read is waited for, where the step was ended by force. */
const UNREAD_MS = 1000;
/** What libuv reads at once: a shorter chunk means that the pipe was empty after it. */
const WHOLE_READ = 65536;
/** The largest pipe there is without privilege, and what is on its way behind it: so much can be the step's own. */
const LARGEST_PIPE = 2 * 1024 * 1024;

/** One of a step's streams. */
interface Output {
  stream: Readable;
  masked: MaskedStream | undefined;
}

/**
 * Waits until everything that the step wrote was read.
 *
 * Mostly the pipe ends with the step. Where a background process keeps it open, its silence ends the wait, not the
 * step's end: `exec > >(tee log)` writes its last lines after the shell has gone. A reader that is behind, because
 * the caller reads slowly, is waited for without limit: nothing in the pipe is lost.
 *
 * @param ended Settles when the step has ended.
 * @param delivered Settles when all that was written before that is in the stream.
 * @param wasForced Whether the step was ended by force: then a reader that does not read holds nothing up.
 * @returns Whether the pipe came to its end; false where it was let go.
 */
function drain(
  { stream, masked }: Output,
  ended: Promise<unknown>,
  delivered: Promise<boolean>,
  wasForced: () => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let isFinished = false;
    const finish = (complete: boolean): void => {
      isFinished = true;
      clearTimeout(timer);
      stream.off("data", onData).off("close", onClose);
      if (masked) masked.onHeld = undefined;
      resolve(complete);
    };
    const onClose = (): void => finish(true);
    // One that iterates counts as paused all the time; it is behind where something waits for it.
    const isPaused = (): boolean => stream.isPaused() && stream.listenerCount("readable") === 0;
    const isBehind = (): boolean => isPaused() || stream.readableLength > 0;
    const letGo = (): void => {
      // An end, not a destroy: a reader that iterates shall see the end of the data, not an error.
      stream.push(null);
      // What is written meanwhile would be an error, too.
      stream.push = () => false;
      finish(false);
    };
    // Milliseconds, after the end, in which more came, and since when nothing has. Time in which the event loop was blocked
    // does not count: others may have talked then.
    let talked = 0;
    let silent = 0;
    let since = 0;
    let lastAt = 0;
    let isDelivered = false;
    const onDelivered = (): void => {
      isDelivered = true;
      // What came with the last of it is not quiet yet.
      timer?.refresh();
    };
    const onData = (chunk?: Buffer): void => {
      const read = masked?.lastRead ?? chunk?.length ?? 0;
      since += read;
      const now = performance.now();
      talked += Math.min(now - lastAt, QUIET_MS);
      lastAt = now;
      silent = 0;
      // Whoever writes on for ever holds nothing up: neither a step that was to end, nor one that did.
      const isChatter = wasForced()
        ? talked > UNREAD_MS
        : talked > CHATTER_MS && !isBehind() && (isDelivered || talked > CHATTER_MS + STUCK_MS);
      const stepsOwnIsRead = read < WHOLE_READ || since > LARGEST_PIPE;
      if (isChatter && stepsOwnIsRead) letGo();
      else timer?.refresh();
    };
    const onQuiet = (): void => {
      if (isFinished) return;
      // The event loop was blocked, and something was waiting to be read.
      if (performance.now() - lastAt < QUIET_MS / 2) return void timer?.refresh();
      silent += QUIET_MS;
      if (wasForced() && silent >= UNREAD_MS) return letGo();
      const isOnItsWay = !isDelivered && silent < STUCK_MS;
      if (isBehind() || isOnItsWay) timer?.refresh();
      else letGo();
    };
    const onEnded = (): void => {
      if (stream.closed) return;
      // Nobody ever looked at it (buffer: false): then nobody misses it.
      if (stream.readableFlowing === null && stream.listenerCount("readable") === 0) stream.resume();
      lastAt = performance.now();
      timer = afterDelay(QUIET_MS, onQuiet);
      stream.on("data", onData);
      if (masked) masked.onHeld = onData;
    };
    if (stream.closed) return resolve(true);
    stream.once("close", onClose);
    // Reading errors show as a close; without a listener they would end the agent.
    stream.on("error", () => undefined);
    ended.then(onEnded, onEnded);
    void delivered.then(onDelivered);
  });
}

/** The helper's word on that, or false where it has stopped (a guest may stop it) after all pipes have ended. */
async function isConfirmed(delivered: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = afterDelay(STUCK_MS, () => resolve(false));
  });
  return Promise.race([delivered, tooLate]).finally(() => clearTimeout(timer));
}

/** Drains all of a step's streams; answers whether everything that it wrote before its end was read. */
export async function drainAll(
  outputs: readonly Output[],
  ...how: [ended: Promise<unknown>, delivered: Promise<boolean>, wasForced: () => boolean]
): Promise<boolean> {
  const complete = await Promise.all(outputs.map((output) => drain(output, ...how)));
  await how[0].catch(() => undefined);
  return complete.every(Boolean) && isConfirmed(how[1]);
}
