import { setTimeout as delay } from "node:timers/promises";

import { connect, CONNECT_OPTION_TYPES, type ConnectOptions } from "./connect.ts";
import { ExecutorError, invalidOption, refuseMisspelt } from "./errors/index.ts";
import type { Guest } from "./guest.ts";
import { ProbeError, runProbe } from "./probe.ts";

/** What is waited for, and for how long. */
export interface ReadyOptions extends ConnectOptions {
  /** Milliseconds for all of it. */
  timeout: number;
  /** A script for the container's sh, or a program and its arguments: it is ready when that exits with 0. */
  probe?: string | readonly string[] | undefined;
  /** Ends the wait. */
  signal?: AbortSignal | undefined;
  /** Is told what is being waited for, once for each change of it. */
  onProgress?: ((text: string) => void) | undefined;
}

const FIRST_DELAY_MS = 20;
const LONGEST_DELAY_MS = 1000;
/** What may be otherwise in a moment. */
const TRANSIENT: ReadonlySet<string> = new Set(["TARGET_NOT_FOUND", "TARGET_NOT_ENTERABLE", "CONTAINER_GONE"]);

/** A runtime's own program, on the way to become the container, may not be looked into; for longer it is our lack. */
const CREATION_MS = 5000;

/** One wait. */
class Wait {
  readonly #options: ReadyOptions;
  readonly #deadline: number;
  #guest: Guest | undefined;
  #wasSeen = false;
  readonly #creationEnds = performance.now() + CREATION_MS;
  /** Why it is not ready yet. */
  #obstacle: unknown;
  #told = "";

  constructor(options: ReadyOptions) {
    this.#options = options;
    this.#deadline = performance.now() + options.timeout;
  }

  async run(): Promise<Guest> {
    try {
      for (let pause = FIRST_DELAY_MS; ; pause = Math.min(pause * 2, LONGEST_DELAY_MS)) {
        this.#options.signal?.throwIfAborted();
        const guest = await this.#attempt();
        if (guest) return guest;
        const left = this.#left();
        if (left <= 0) throw this.#failure();
        await delay(Math.min(pause, left), undefined, { signal: this.#options.signal });
      }
    } catch (error) {
      this.#guest?.close();
      throw this.#options.signal?.aborted ? this.#options.signal.reason : error;
    }
  }

  #left(): number {
    return this.#deadline - performance.now();
  }

  /** @returns The guest if it is ready. */
  async #attempt(): Promise<Guest | undefined> {
    const { probe, signal } = this.#options;
    try {
      this.#guest ??= await connect(this.#options);
      this.#wasSeen = true;
      if (probe !== undefined) await runProbe(this.#guest, probe, Math.max(this.#left(), 1), signal);
      const ready = this.#guest;
      this.#guest = undefined;
      return ready;
    } catch (error) {
      if (!(error instanceof ProbeError)) {
        if (!this.#isTransient(error)) throw error;
        // Should it come again, it is with another main process.
        this.#forget();
      }
      // The last attempt may have had no time to speak of, and what the one before it said is worth more.
      if (error instanceof ProbeError && error.isCut && this.#obstacle instanceof ProbeError) return undefined;
      this.#obstacle = error;
      this.#tell(error.message);
      return undefined;
    }
  }

  #isTransient(error: unknown): error is ExecutorError {
    if (!(error instanceof ExecutorError)) return false;
    if (error.code === "PERMISSION_DENIED") return performance.now() < this.#creationEnds;
    return TRANSIENT.has(error.code);
  }

  #forget(): void {
    this.#guest?.close();
    this.#guest = undefined;
  }

  #tell(text: string): void {
    if (text === this.#told) return;
    this.#told = text;
    this.#options.onProgress?.(text);
  }

  #failure(): ExecutorError {
    const cause = this.#obstacle;
    const after = `within ${this.#options.timeout} ms`;
    const message = cause instanceof Error ? cause.message : "";
    if (cause instanceof ProbeError) {
      return new ExecutorError("PROBE_FAILED", {
        problem: `the probe did not succeed ${after}: ${message}`,
        remedy: "look at what it says, or wait for longer",
        cause,
      });
    }
    if (this.#wasSeen) {
      return new ExecutorError("TARGET_EXITED", {
        problem: `the container ended and did not come again ${after}: ${message}`,
        remedy: "look at its log",
        cause,
      });
    }
    return new ExecutorError("TARGET_NEVER_APPEARED", {
      problem: `the container did not appear ${after}: ${message}`,
      remedy: "check its name and whether it starts (kubectl describe pod), or wait for longer",
      cause,
    });
  }
}

function requireReadyOptions(options: ReadyOptions): void {
  if (typeof options !== "object" || options === null) throw invalidOption("the options are no object", "give one");
  refuseMisspelt(options, [...Object.keys(CONNECT_OPTION_TYPES), "timeout", "probe", "signal", "onProgress"]);
  const { timeout, probe, signal, onProgress } = options;
  if (timeout === undefined) throw invalidOption("no timeout is given", "say for how many milliseconds to wait");
  if (typeof timeout !== "number" || !(timeout > 0 && timeout <= 2 ** 31 - 1)) {
    throw invalidOption(`the timeout ${String(timeout)} is no time to wait`, "give milliseconds, up to 24 days");
  }
  if (probe !== undefined && typeof probe !== "string" && !Array.isArray(probe)) {
    throw invalidOption(
      `the probe is of type ${typeof probe}`,
      "give a script, or a list of a program and its arguments",
    );
  }
  if (probe === "") throw invalidOption("the probe is empty", "give a script, or leave it out");
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidOption("signal is no AbortSignal", "give that of an AbortController");
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw invalidOption(`onProgress is of type ${typeof onProgress}`, "give a function that takes a text");
  }
}

/**
 * Waits until a container is there and, with a probe, until that succeeds in it. A container that restarts meanwhile is found
 * again. Between the attempts it waits for 20 ms, then twice as long each time, up to a second.
 *
 * @param options Those of connect, and `timeout` in milliseconds.
 * @returns The guest, as connect does.
 * @throws ExecutorError TARGET_NEVER_APPEARED, TARGET_EXITED or PROBE_FAILED (with the end of its last output), and at once
 *   what connect throws and waiting does not mend, and what a probe cannot be started for: INVALID_OPTION, COMMAND_NOT_FOUND.
 *   With `signal`, its reason.
 * @example
 * ```ts
 * import { waitForReady } from "k8s-executor";
 * await using database = await waitForReady({ container: "maven", timeout: 60_000, probe: ["test", "-d", "/tmp"] });
 * console.log(database.pid);
 * ```
 */
export async function waitForReady(options: ReadyOptions): Promise<Guest> {
  requireReadyOptions(options);
  return new Wait(options).run();
}
