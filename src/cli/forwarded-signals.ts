import { isIgnored } from "./ignored-signals.ts";

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * The signals that are for the step; not those that were ignored when we started. To be made before that is started, for one that came in between would end us, and with us
 * the step, without a word.
 */
export class ForwardedSignals {
  /** The first that came. */
  first: NodeJS.Signals | undefined;
  readonly #signals = FORWARDED.filter((signal) => !isIgnored(signal));
  #listener: (signal: NodeJS.Signals) => void = () => undefined;

  constructor() {
    for (const signal of this.#signals) process.on(signal, this.#onSignal);
  }

  /** From now on; nothing can have come before, in the same turn. */
  listen(listener: (signal: NodeJS.Signals) => void): void {
    this.#listener = listener;
  }

  stop(): void {
    for (const signal of this.#signals) process.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.first ??= signal;
    this.#listener(signal);
  };
}
