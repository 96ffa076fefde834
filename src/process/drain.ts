import { afterDelay } from "./delay.ts";
import { Tail, type Output } from "./tail.ts";

/** How long pipes that background processes hold open may be silent, after the step's end, before we let them go. */
export const QUIET_MS = 200;
/** How long such processes may go on talking. */
const CHATTER_MS = 5000;
/** How long to wait for output that is still on its way through the helper, or for a reader of another stream, while nothing comes. */
const STUCK_MS = 5000;
/** How long a reader that does not read is waited for, where the step was ended by force. */
const UNREAD_MS = 1000;

/**
 * Judges all streams of a step together: what writes to one of them may be about to write to another.
 *
 * Mostly the pipes end with the step. Where background processes keep them open, their silence ends the wait, not the
 * step's end: `exec > >(tee log)` writes its last lines after the shell has gone. A reader that is behind, because
 * the caller reads slowly, is waited for without limit: nothing in its pipe is lost.
 */
class Grace {
  readonly #tails: readonly Tail[];
  readonly #wasForced: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  // Milliseconds, after the end, in which more came, and since when nothing has. Time in which the event loop was blocked
  // does not count: others may have talked then.
  #talked = 0;
  #silent = 0;
  #lastAt = 0;
  #isDelivered = false;

  constructor(outputs: readonly Output[], wasForced: () => boolean) {
    this.#tails = outputs.map((output) => new Tail(output, () => this.#onRead()));
    this.#wasForced = wasForced;
  }

  /** Whether all pipes came to their ends. */
  async over(): Promise<boolean> {
    const whole = await Promise.all(this.#tails.map(({ over }) => over));
    clearTimeout(this.#timer);
    return whole.every(Boolean);
  }

  /** The step has ended. */
  begin(): void {
    if (this.#open.length === 0) return;
    for (const tail of this.#tails) tail.watch();
    this.#lastAt = performance.now();
    this.#timer = afterDelay(QUIET_MS, () => this.#onQuiet());
  }

  /** All that was written before the end is in the streams; what came with the last of it is not quiet yet. */
  delivered(): void {
    this.#isDelivered = true;
    if (this.#open.length > 0) this.#timer?.refresh();
  }

  get #open(): Tail[] {
    return this.#tails.filter(({ isOpen }) => isOpen);
  }

  #onRead(): void {
    const now = performance.now();
    this.#talked += Math.min(now - this.#lastAt, QUIET_MS);
    this.#lastAt = now;
    this.#silent = 0;
    this.#timer?.refresh();
    // Whoever writes on for ever holds nothing up: neither a step that was to end, nor one that did.
    const isForced = this.#wasForced();
    const isChatter = isForced
      ? this.#talked > UNREAD_MS
      : this.#talked > CHATTER_MS && (this.#isDelivered || this.#talked > CHATTER_MS + STUCK_MS);
    if (!isChatter || (!isForced && this.#open.some(({ isBehind }) => isBehind))) return;
    for (const tail of this.#open) if (tail.isOwnRead) tail.letGo();
  }

  #onQuiet(): void {
    if (this.#open.length === 0) return;
    this.#timer?.refresh();
    // The event loop was blocked, and something was waiting to be read.
    if (performance.now() - this.#lastAt < QUIET_MS / 2) return;
    this.#silent += QUIET_MS;
    const isForced = this.#wasForced() && this.#silent >= UNREAD_MS;
    const isAwaited = !this.#isDelivered || this.#open.some(({ isBehind }) => isBehind);
    if (isAwaited && this.#silent < STUCK_MS && !isForced) return;
    for (const tail of this.#open) if (isForced || !tail.isBehind) tail.letGo();
  }
}

/** The helper's word on that, or false where it has stopped (a guest may stop it) after all pipes have ended. */
async function isConfirmed(delivered: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = afterDelay(STUCK_MS, () => resolve(false));
  });
  return Promise.race([delivered, tooLate]).finally(() => clearTimeout(timer));
}

/**
 * Waits until everything that the step wrote was read.
 *
 * @param ended Settles when the step has ended.
 * @param delivered Settles when all that was written before that is in the streams.
 * @param wasForced Whether the step was ended by force: then a reader that does not read holds nothing up.
 * @returns Whether everything that the step wrote before its end was read; false where a pipe was let go.
 */
export async function drainAll(
  outputs: readonly Output[],
  ended: Promise<unknown>,
  delivered: Promise<boolean>,
  wasForced: () => boolean,
): Promise<boolean> {
  const grace = new Grace(outputs, wasForced);
  const begin = (): void => grace.begin();
  ended.then(begin, begin);
  void delivered.then(() => grace.delivered());
  const isWhole = await grace.over();
  await ended.catch(() => undefined);
  return isWhole && isConfirmed(delivered);
}
