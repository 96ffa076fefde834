/**
 * A timer whose word counts only after what came meanwhile was read: where the event loop was blocked, its time is over
 * although the step may have ended long before.
 */
export function afterDelay(ms: number, action: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(action), ms);
}
