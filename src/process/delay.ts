/** One for the records, one for the streams that they open, one for what a stream has. */
const TURNS = 3;

function afterTurns(count: number, action: () => void): void {
  setImmediate(() => {
    if (count > 1) afterTurns(count - 1, action);
    else action();
  });
}

/**
 * A timer that counts only after what came meanwhile was read: where the event loop was blocked, its time is over
 * although the step may have ended long before.
 */
export function afterDelay(ms: number, action: () => void): NodeJS.Timeout {
  return setTimeout(() => afterTurns(TURNS, action), ms);
}
