import os from "node:os";
import { Readable, type Writable } from "node:stream";

import type { Backend, Running } from "../backend/index.ts";
import { type ExecutorError, invalidOption } from "../errors/index.ts";
import { findSecrets, maskStream, type Secrets } from "../masking/index.ts";
import type { StepResult } from "../result/index.ts";
import { requireTerminalSize, type PreparedStep, type TerminalSize } from "../step/index.ts";
import { Collector } from "./collector.ts";
import { afterDelay } from "./delay.ts";
import { drainAll } from "./drain.ts";
import { Feeder } from "./input.ts";
import { Lines } from "./lines.ts";
import { settleResult, unresponsive } from "./outcome.ts";
import { settle, type ProcessOptions, type Settled } from "./options.ts";
import { Termination } from "./termination.ts";

const NO_SECRETS: Secrets = { automaton: undefined, warnings: [] };

function signalNumber(signal: NodeJS.Signals | number): number {
  const number = typeof signal === "number" ? signal : os.constants.signals[signal];
  if (!Number.isInteger(number) || number < 1 || number > 64) {
    throw invalidOption(`${JSON.stringify(signal)} is no signal`, "give a name as SIGTERM, or a number from 1 to 64");
  }
  return number;
}

/**
 * A step: a promise of its result, its streams, and an iterable of the lines of its stdout.
 *
 * @example
 * ```ts
 * const step = guest.run({ script: "make" });
 * for await (const line of step) console.log(line);
 * const { exitCode } = await step;
 * ```
 */
export class Step implements Promise<StepResult>, AsyncIterable<string> {
  readonly [Symbol.toStringTag] = "Step";
  /** With `stdin: "pipe"`: end it, or the step waits for more. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * The working directory in the container; undefined where the step could not even be prepared. If nobody asked for it and
   * the step cannot be there, it runs in "/", and the result's warnings say so.
   */
  readonly cwd: string | undefined;
  /** What is not as it was asked for, as far as that is known by now: a value that is too short to be masked. The result's begin with these. */
  readonly warnings: readonly string[];
  readonly #result: Promise<StepResult>;
  #termination: Termination | undefined;
  #running: Running | undefined;
  #wantedSize: TerminalSize | undefined;

  /** @internal Use guest.run or guest.exec. */
  constructor(backend: Backend, prepare: () => PreparedStep, options: ProcessOptions, onSettled: () => void) {
    const startedAt = performance.now();
    let running: Running | undefined;
    let result: Promise<StepResult>;
    let cwd: string | undefined;
    let secrets: Secrets = NO_SECRETS;
    let warnings: readonly string[] = [];
    try {
      const settled = settle(options);
      const step = prepare();
      cwd = step.cwd;
      if (options.mask) secrets = findSecrets(options.mask, step.environment);
      warnings = [...step.warnings, ...secrets.warnings];
      if (options.signal?.aborted) {
        result = Promise.resolve(settleResult(undefined, backend, options, startedAt, { isCanceled: true, warnings }));
      } else {
        this.#running = running = backend.start(step, settled.wantsStdin);
        result = this.#supervise(running, backend, options, settled, startedAt, { ...secrets, warnings });
      }
    } catch (error) {
      result = Promise.reject(error);
    }
    // A promise of its own, so that one that nobody awaits still counts as unhandled where it rejects.
    this.#result = result.finally(onSettled);
    this.cwd = cwd;
    this.warnings = warnings;
    this.stdin = options.stdin === "pipe" ? running?.stdin : undefined;
    this.stdout = running?.stdout ?? Readable.from([]);
    this.stderr = running?.stderr ?? Readable.from([]);
  }

  then<Resolved = StepResult, Rejected = never>(
    onResolved?: ((result: StepResult) => Resolved | PromiseLike<Resolved>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Resolved | Rejected> {
    return this.#result.then(onResolved, onRejected);
  }

  catch<Rejected = never>(
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<StepResult | Rejected> {
    return this.#result.catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<StepResult> {
    return this.#result.finally(onFinally);
  }

  /**
   * The lines of stdout, as they come. Begin in the same turn in which the step was started; a reader that is slow
   * holds the step up. Throws what awaiting the step throws.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<string, undefined> {
    const open = (): Readable => {
      // The error is thrown at the end; without this, it would also count as unhandled until then.
      this.#result.catch(() => undefined);
      if (!this.stdout.readableDidRead) return this.stdout;
      throw invalidOption(
        "the step's output was read before its lines were asked for",
        "iterate it where it is started",
      );
    };
    return new Lines(open, () => this.#result);
  }

  /**
   * Sends a signal to the step's whole process group.
   *
   * @param signal By default SIGTERM. SIGTERM and SIGKILL end the step: what does not end by itself within
   *   `forceKillAfterDelay` is killed, and the result waits for the whole tree. Others are only sent.
   * @param options `end`: whether the signal is to end the step.
   * @throws ExecutorError INVALID_OPTION.
   */
  kill(signal: NodeJS.Signals | number = "SIGTERM", options: { end?: boolean } = {}): void {
    const number = signalNumber(signal);
    const { SIGTERM, SIGKILL } = os.constants.signals;
    if (options.end ?? (number === SIGTERM || number === SIGKILL)) this.#termination?.end(number);
    else this.#termination?.signal(number);
  }

  /**
   * Kills (SIGKILL) what the step has left in the background, also what has left its process group: a server, say, that was
   * for later steps. Found is what still has the step's id in its environment (K8S_EXECUTOR_STEP).
   *
   * @returns A promise that resolves when nothing is left; at once where the step never started. It rejects with an
   *   ExecutorError PERMISSION_DENIED where /proc hides processes from us, after it has killed what it shows.
   */
  async killLeftovers(): Promise<void> {
    await this.#result.catch(() => undefined);
    await this.#running?.killLeftovers();
  }

  /**
   * Changes the size of the step's terminal (option `tty`), which tells its foreground processes by SIGWINCH.
   *
   * @param size In characters.
   * @throws ExecutorError INVALID_OPTION.
   */
  resize(size: TerminalSize): void {
    const wanted = requireTerminalSize(size);
    // However often it changes, the last one counts, and a pipe holds only so many.
    if (!this.#wantedSize) setImmediate(() => this.#resize());
    this.#wantedSize = wanted;
  }

  #resize(): void {
    if (this.#wantedSize && !this.#termination?.isOver) this.#running?.resize(this.#wantedSize);
    this.#wantedSize = undefined;
  }

  async #supervise(
    running: Running,
    backend: Backend,
    options: ProcessOptions,
    settled: Settled,
    startedAt: number,
    { automaton, warnings }: Secrets,
  ): Promise<StepResult> {
    const outputs = [running.stdout, running.stderr].map((stream) => ({
      stream,
      masked: automaton && maskStream(stream, automaton),
    }));
    const buffered = options.buffer ?? true;
    const collectors = buffered ? outputs.map(({ stream }) => new Collector(stream, settled.maxBuffer)) : undefined;
    let timedOut = false;
    let isCanceled = false;
    let giveUp: (error: ExecutorError) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => (giveUp = reject));
    const termination = new Termination(running, settled.forceKillAfterDelay, () => giveUp(unresponsive()));
    this.#termination = termination;
    const feeder = running.stdin && new Feeder(running.stdin, options, () => termination.end());
    const cancel = (): void => {
      isCanceled = true;
      termination.end();
    };
    options.signal?.addEventListener("abort", cancel, { once: true });
    let timer: NodeJS.Timeout | undefined;
    const startTimer = (): void => {
      timer = afterDelay(settled.timeout, () => {
        if (termination.isOver) return;
        timedOut = true;
        termination.end();
      });
    };
    if (settled.timeout > 0) {
      // What waits for its turn has all of its time yet.
      if (running.started) void running.started.then(() => !termination.isOver && startTimer());
      else startTimer();
    }
    const ended = Promise.race([running.ended, lost]).finally(() => {
      termination.over();
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", cancel);
      feeder?.stop();
    });
    const drained = drainAll(outputs, ended, running.delivered, () => termination.isForced);
    // After whoever waits for the result: mostly that is the start of the next step, and tidying up can wait for that.
    void drained.then(() => setImmediate(() => running.release()));
    const ending = await ended;
    const complete = (await drained) && !ending.isOutputCut;
    return settleResult(ending, backend, options, startedAt, {
      timedOut,
      isCanceled,
      stdout: collectors?.[0]?.text(options.stripFinalNewline ?? true),
      stderr: collectors?.[1]?.text(options.stripFinalNewline ?? true),
      warnings,
      isOutputTruncated: !complete || (collectors?.some((collector) => collector.isTruncated) ?? false),
    });
  }
}
