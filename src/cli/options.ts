import { isUtf8 } from "node:buffer";
import { readlinkSync, realpathSync } from "node:fs";
import path from "node:path";

import { isInsideJob } from "../gocd/index.ts";
import type { ConnectOptions, ExecOptions, ReadyOptions, RunOptions } from "../index.ts";
import { currentDirectory, relativeBelow } from "../system/index.ts";
import { readContainer, readWait, targetVariable } from "./container-options.ts";
import { parseDuration } from "./duration.ts";
import { readVariables } from "./environment.ts";
import { parse } from "./parse.ts";
import { ownTerminalSize } from "./terminal.ts";
import { usageError } from "./usage-error.ts";

/** What a command line asks for. */
export interface CommandLine {
  connect: ConnectOptions;
  /** The variable that names the container; undefined where an option does, or nothing. */
  targetVariable: string | undefined;
  /** Milliseconds to wait for the container; undefined: it must be there. */
  wait: number | undefined;
  /** What must succeed in it first. */
  probe: ReadyOptions["probe"];
  step: ExecOptions;
  /** Nobody asked for the step's directory: it is ours. */
  isOwnDirectory: boolean;
  /** What the user should know of what was asked for. */
  notes: string[];
  verbose: boolean;
  /** A line of ours before the step, and one after it. */
  announces: boolean;
  /** Whole lines at once. */
  byLines: boolean;
  /** GoCD started us. */
  insideJob: boolean;
  help: boolean;
  shell: string | undefined;
  script: string | undefined;
  transport: RunOptions["transport"];
  positionals: string[];
}

function realPath(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory; // connect() says what is wrong with it
  }
}

/** Our own working directory, where it is on the shared volume: GoCD starts a task in its pipeline's directory. */
function defaultCwd(sharedRoot: string | undefined): string | undefined {
  if (sharedRoot === undefined) return undefined;
  const cwd = currentDirectory();
  if (cwd === undefined) return undefined;
  // Ours has no links in it; the shared root may be named by one.
  const relative = relativeBelow(realPath(sharedRoot), cwd);
  if (relative === undefined) return undefined;
  // Node has U+FFFD for bytes that are not UTF-8, and that path would be another one.
  if (relative.includes("\uFFFD") && !isUtf8(readlinkSync("/proc/self/cwd", "buffer"))) {
    throw usageError(`our working directory ${JSON.stringify(cwd)} is not valid UTF-8`, "rename it, or give --cwd");
  }
  return path.join(sharedRoot, relative);
}

function duration(option: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(option, text);
}

/**
 * Reads the options that `run` and `exec`, the command, share.
 *
 * @param ours Our own environment, bytes by latin1 name.
 * @throws ExecutorError INVALID_OPTION.
 */
export function readCommandLine(
  command: string,
  args: readonly string[],
  ours: ReadonlyMap<string, Buffer>,
): CommandLine {
  const { values, positionals } = parse(command, args);
  const help = values.help ?? false;
  const hasTerminal = command === "shell" || (values.tty ?? false);
  const passesInput = command === "shell" || (values.stdin ?? values.interactive ?? false);
  const connect: ConnectOptions = help ? {} : readContainer(values);
  if (values.quiet && values.verbose) throw usageError("both --quiet and --verbose are given", "give one of them");
  const { env, notes } = readVariables(ours, values);
  const insideJob = isInsideJob(ours);
  const cwd = values.cwd ?? defaultCwd(connect.sharedRoot);
  if (insideJob && cwd === undefined && connect.sharedRoot !== undefined && !help) {
    notes.push(
      `the task's working directory ${currentDirectory() ?? "was removed, and"} is not below the shared root ${connect.sharedRoot}: the step starts in the container's own`,
    );
  }
  return {
    connect,
    targetVariable: targetVariable(values),
    ...readWait(values),
    isOwnDirectory: values.cwd === undefined && cwd !== undefined,
    notes,
    step: {
      // Programs draw by it; what the container has was set for no terminal.
      env: hasTerminal ? { TERM: ours.get("TERM")?.length ? ours.get("TERM") : "xterm", ...env } : env,
      mask: values.mask,
      cwd,
      user: values.user,
      groups: values.groups === "" ? [] : values.groups?.split(","),
      privileged: values.privileged ?? false,
      leftovers: values["kill-leftovers"] ? "kill" : "leave",
      timeout: duration("--timeout", values.timeout),
      forceKillAfterDelay: duration("--kill-after", values["kill-after"]),
      stdin: passesInput ? "inherit" : undefined,
      tty: hasTerminal && !help ? (ownTerminalSize() ?? true) : undefined,
    },
    verbose: values.verbose ?? false,
    announces: !values.quiet && (insideJob || (values.verbose ?? false)),
    byLines: insideJob || (values.lines ?? false),
    insideJob,
    help,
    shell: values.shell,
    script: values.script,
    // The library refuses an unknown one.
    transport: values.transport as RunOptions["transport"],
    positionals,
  };
}
