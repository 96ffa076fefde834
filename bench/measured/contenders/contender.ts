import type { Readable, Writable } from "node:stream";

import type { ContenderName } from "../task.ts";

/** The path of a program of the shared directory, as whoever starts it sees it. */
export type Place = (program: string) => string;

/** What a contender is to start. */
export type Work =
  | { kind: "exec"; command: (at: Place) => readonly string[] }
  | { kind: "run"; script: string; transport: "file" | "memfd" };

export interface StartOptions {
  /** Its stdin is a pipe; by default there is none. */
  hasStdin?: boolean;
  /** Only the caller reads the output; by default a step's result holds it, as by default it does. */
  isRead?: boolean;
}

/** A program that runs. */
export interface Run {
  stdin: Writable | undefined;
  stdout: Readable;
  /** Its lines, instead of stdout. */
  lines: () => AsyncIterable<string>;
  /** Its exit was seen and its output drained; rejects where it failed. */
  ended: Promise<void>;
}

/** A way to start a program. */
export interface Contender {
  name: ContenderName;
  /** It takes a hundred milliseconds and more, so that it takes part in few rounds. */
  isSlow?: boolean;
  /** Why it cannot do this work. */
  cannot?: (work: Work) => string | undefined;
  /** Starts it; the floor, which is a program by itself, does not. */
  start?: (work: Work, options?: StartOptions) => Run;
  /** Milliseconds until so many that are started at once have ended. */
  time: (work: Work, count?: number) => Promise<number>;
  close: () => void;
}

/** A contender that starts programs from this process. */
export type Starter = Contender & Required<Pick<Contender, "start">>;

/** Times what this process starts. */
export function timed(start: Starter["start"]): Contender["time"] {
  return async (work, count = 1) => {
    const begin = performance.now();
    await Promise.all(Array.from({ length: count }, () => start(work).ended));
    return performance.now() - begin;
  };
}

export function isStarter(contender: Contender): contender is Starter {
  return contender.start !== undefined;
}
