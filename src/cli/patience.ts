/** Milliseconds that a reader of ours is waited for who does not read, once the step was ended by force. */
export const STUCK_MS = 1000;
