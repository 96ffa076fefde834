import { Readable } from "node:stream";

import { invalidOption, requireTypes } from "../errors/index.ts";
import { requireUtf8 } from "../step/index.ts";

/** What the caller can ask of a running step, whatever it runs. */
export interface ProcessOptions {
  /** Milliseconds after which the step is ended; 0 or undefined: never. */
  timeout?: number | undefined;
  /** Milliseconds from the polite signal to SIGKILL, when a step is ended; by default 5,000. */
  forceKillAfterDelay?: number | undefined;
  /** Ends the step when it fires; the result then says isCanceled. */
  signal?: AbortSignal | undefined;
  /** What the step reads: by default nothing (end of file); "pipe": what is written to step.stdin. */
  stdin?: "ignore" | "pipe" | "inherit" | undefined;
  /** The whole of the step's stdin, instead of `stdin`. */
  input?: string | Uint8Array | Readable | undefined;
  /** Whether the result has the output; by default true. With false, read step.stdout and step.stderr. */
  buffer?: boolean | undefined;
  /** How many bytes of each stream the result keeps at most; by default 16 MiB. The step is not disturbed by it. */
  maxBuffer?: number | undefined;
  /** Removes one newline from the end of the result's output; by default true. */
  stripFinalNewline?: boolean | undefined;
  /**
   * Names of variables of the step whose values are replaced by `******` in its stdout and stderr, also line by line, in
   * base64 and percent-encoded. A value of fewer than 4 characters is not masked; the result's `warnings` say so.
   */
  mask?: readonly string[] | undefined;
  /** Rejects with STEP_FAILED where the step failed; by default false. */
  reject?: boolean | undefined;
}

/** Their names. */
export const PROCESS_OPTION_NAMES: readonly (keyof ProcessOptions)[] = [
  "timeout",
  "forceKillAfterDelay",
  "signal",
  "stdin",
  "input",
  "buffer",
  "maxBuffer",
  "stripFinalNewline",
  "mask",
  "reject",
];

/** The same with every default. */
export interface Settled {
  timeout: number;
  forceKillAfterDelay: number;
  maxBuffer: number;
  wantsStdin: boolean;
}

/** The longest delay of setTimeout. */
const MAX_DELAY = 2 ** 31 - 1;

function delay(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !(value >= 0) || value > MAX_DELAY) {
    throw invalidOption(`${name} ${String(value)} is no delay`, `give milliseconds, from 0 to ${MAX_DELAY}`);
  }
  return value;
}

/** Checks the options and fills in the defaults. @throws ExecutorError INVALID_OPTION. */
export function settle(options: ProcessOptions): Settled {
  requireTypes(options, {
    timeout: "number",
    forceKillAfterDelay: "number",
    buffer: "boolean",
    maxBuffer: "number",
    stripFinalNewline: "boolean",
    reject: "boolean",
    mask: "a list",
  });
  const maxBuffer = options.maxBuffer ?? 16 * 1024 * 1024;
  if (!(maxBuffer >= 0)) throw invalidOption(`maxBuffer ${maxBuffer} is no size`, "give a number of bytes");
  const { signal, input, stdin } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidOption("signal is no AbortSignal", "give that of an AbortController");
  }
  if (stdin !== undefined && !["ignore", "pipe", "inherit"].includes(stdin)) {
    throw invalidOption(`stdin ${JSON.stringify(stdin)} is unknown`, 'give "ignore", "pipe" or "inherit"');
  }
  if (input !== undefined && typeof input !== "string" && !(input instanceof Uint8Array || input instanceof Readable)) {
    throw invalidOption(`input is of type ${typeof input}`, "give a string, bytes or a stream");
  }
  if (typeof input === "string") requireUtf8(input, "input", "give its bytes as a Uint8Array");
  if (options.input !== undefined && options.stdin !== undefined) {
    throw invalidOption("both input and stdin are given", "give one of them");
  }
  return {
    timeout: delay("timeout", options.timeout, 0),
    forceKillAfterDelay: delay("forceKillAfterDelay", options.forceKillAfterDelay, 5000),
    maxBuffer,
    wantsStdin: options.input !== undefined || options.stdin === "pipe" || options.stdin === "inherit",
  };
}
