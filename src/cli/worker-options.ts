import type { GocdWorkerOptions } from "../index.ts";
import { CONTAINER_OPTIONS, readContainer, readWait } from "./container-options.ts";
import { parseDuration } from "./duration.ts";
import { parseOptions } from "./parse-options.ts";

const OPTIONS = {
  ...CONTAINER_OPTIONS,
  mask: { type: "string", multiple: true },
  timeout: { type: "string" },
  "kill-after": { type: "string" },
  socket: { type: "string" },
  drain: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** What the command line of a worker asks for. */
export interface WorkerCommandLine {
  options: GocdWorkerOptions;
  /** Where it listens; undefined for stdin and stdout. */
  socket: string | undefined;
  /** Whether the first signal waits for running tasks. */
  drains: boolean;
  help: boolean;
}

/** Reads the options of `worker`. @throws ExecutorError INVALID_OPTION. */
export function readWorkerCommandLine(args: readonly string[]): WorkerCommandLine {
  const values = parseOptions("worker", args, OPTIONS);
  const duration = (option: "timeout" | "kill-after"): number | undefined =>
    values[option] === undefined ? undefined : parseDuration(`--${option}`, values[option]);
  return {
    options: {
      ...readContainer(values),
      ...readWait(values),
      maskedVariables: values.mask,
      timeout: duration("timeout"),
      forceKillAfterDelay: duration("kill-after"),
    },
    socket: values.socket,
    drains: values.drain ?? false,
    help: values.help ?? false,
  };
}
