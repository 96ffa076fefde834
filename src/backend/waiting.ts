import os from "node:os";
import { PassThrough } from "node:stream";

import type { TerminalSize } from "../step/index.ts";
import { joinStdin, LateStream } from "./late-stream.ts";
import type { Ending, Running } from "./types.ts";

/** How a step ends that was ended by a signal while it waited for its turn. */
function givenUp(signal: number): Ending {
  const names = Object.entries(os.constants.signals) as [NodeJS.Signals, number][];
  return {
    exitCode: undefined,
    signal: names.find(([, number]) => number === signal)?.[0] ?? "SIGTERM",
    isCoreDumped: false,
    usage: undefined,
    survivors: 0,
    containerGone: false,
    isOutputCut: false,
    outOfMemory: false,
    limitations: [],
    warnings: [],
  };
}

/** A step that waits for its turn. Its streams are ours, empty until its own are there to be followed. */
export class Waiting implements Running {
  readonly stdin: PassThrough | undefined;
  readonly stdout: LateStream = new LateStream();
  readonly stderr: LateStream = new LateStream();
  readonly ended: Promise<Ending>;
  readonly delivered: Promise<boolean>;
  readonly started: Promise<void>;
  readonly #start: () => Running;
  readonly #giveUp: () => void;
  #running: Running | undefined;
  /** Those that do not end it: it gets them when it has started. */
  readonly #signals = new Set<number>();
  #size: TerminalSize | undefined;
  #begin: (turn: Running | Ending) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  /** @param giveUp Takes it out of the queue. */
  constructor(start: () => Running, wantsStdin: boolean, giveUp: () => void) {
    this.#start = start;
    this.#giveUp = giveUp;
    this.stdin = wantsStdin ? new PassThrough() : undefined;
    // What is written to a step that has ended is lost, as it is with a pipe.
    this.stdin?.on("error", () => undefined);
    const turn = new Promise<Running | Ending>((resolve, reject) => {
      this.#begin = resolve;
      this.#fail = reject;
    });
    this.started = turn.then(
      () => undefined,
      () => undefined,
    );
    this.ended = turn.then((its) => ("ended" in its ? its.ended : its));
    this.delivered = turn.then(
      (its) => ("delivered" in its ? its.delivered : true),
      () => true,
    );
  }

  /** Its turn has come. Answers what it became, or undefined where it could not be started. */
  begin(): Running | undefined {
    try {
      const running = this.#start();
      this.#running = running;
      if (this.#size) running.resize(this.#size);
      for (const signal of this.#signals) running.signal(signal, false);
      if (this.stdin && running.stdin) joinStdin(this.stdin, running.stdin);
      this.stdout.follow(running.stdout);
      this.stderr.follow(running.stderr);
      this.#begin(running);
      return running;
    } catch (error) {
      this.#end();
      this.#fail(error);
      return undefined;
    }
  }

  signal(signal: number, end: boolean): void {
    if (this.#running) this.#running.signal(signal, end);
    else if (end) {
      this.#giveUp();
      this.#end();
      this.#begin(givenUp(signal));
    } else this.#signals.add(signal);
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    this.#running?.resize(size);
  }

  async killLeftovers(): Promise<void> {
    await this.#running?.killLeftovers();
  }

  abandon(): void {
    this.#running?.abandon();
  }

  release(): void {
    for (const stream of [this.#running?.stdin, this.#running?.stdout, this.#running?.stderr]) stream?.destroy();
    this.#running?.release();
  }

  #end(): void {
    this.stdout.end();
    this.stderr.end();
  }
}
