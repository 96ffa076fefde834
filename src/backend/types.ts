import type { Readable, Writable } from "node:stream";

import type { BackendName, ResourceUsage } from "../result/index.ts";
import type { PreparedStep, TerminalSize } from "../step/index.ts";

/** How a step that was started ended, in the kernel's words. */
export interface Ending {
  exitCode: number | undefined;
  signal: NodeJS.Signals | undefined;
  /** The kernel wrote a core dump. */
  isCoreDumped: boolean;
  usage: ResourceUsage | undefined;
  /** Processes of the step that are still there; undefined where they cannot all be found. */
  survivors: number | undefined;
  /** The container's main process ended meanwhile, which ended the step. */
  containerGone: boolean;
  /** Output was lost on its way to us. */
  isOutputCut: boolean;
  /** The kernel's OOM killer ended it. */
  outOfMemory: boolean;
  /** What it had of the agent's rather than of the container's. */
  limitations: readonly string[];
  /** What differs from what was asked for. */
  warnings: readonly string[];
}

/** A step under way. */
export interface Running {
  /** Where it waits for its turn: settles when that has come. */
  readonly started?: Promise<void> | undefined;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Rejects with an ExecutorError where the step never started or its fate is unknown. */
  readonly ended: Promise<Ending>;
  /** Whether all that was written before the end is in the streams; resolves when that is known. */
  readonly delivered: Promise<boolean>;
  /** Sends a signal to the step's process group. With `end`, `ended` waits for the whole tree. */
  signal(signal: number, end: boolean): void;
  /** Changes the size of the step's terminal, where it has one. */
  resize(size: TerminalSize): void;
  /** Kills what the step left in the background, once it has ended. Rejects where that cannot be found. */
  killLeftovers(): Promise<void>;
  /** Gives the supervisor up, for it did not even answer a kill. */
  abandon(): void;
  /** The output was read or let go, and nobody asks for anything any more. */
  release(): void;
}

/** One way of starting steps in one container. */
export interface Backend {
  readonly name: BackendName;
  /** Why this one, in words for the result. */
  readonly reason: string;
  /** What this backend cannot do that the native one can. */
  readonly limitations: readonly string[];
  /** Whether a step can have other supplementary groups than the agent. */
  readonly canSetGroups: boolean;
  /** Whether a step can have a terminal. */
  readonly hasTerminals: boolean;
  /** @param stdin Whether the step gets a stdin to write to; otherwise it is at end of file. */
  start(step: PreparedStep, stdin: boolean): Running;
  close(): void;
}

/** A backend that cannot work here, and why. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
  /** System calls that it needs, and that are refused. */
  readonly refused: readonly string[];

  constructor(message: string, refused: readonly string[] = []) {
    super(message);
    this.refused = refused;
  }
}
