import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import type { Guest } from "../guest.ts";
import { LineSplitter, type Line, type Step } from "../process/index.ts";
import type { Outcome, StepResult } from "../result/index.ts";
import type { Task } from "./execute-message.ts";

/** How long a reader of the console that does not read is waited for, once the step was ended by force. */
const STUCK_MS = 1000;

/** A line of a task's output, without its newline. */
export interface GocdConsoleLine {
  stream: "stdout" | "stderr";
  line: string;
  /** The line has more than a megabyte, and the next of this stream goes on with it. */
  partial?: true;
}

/** Takes lines of the output, those of one chunk at once. While its promise is pending, the script is held up. */
export type GocdConsole = (lines: readonly GocdConsoleLine[]) => void | Promise<void>;

/** The answer to `execute`. GoCD shows the message of a failure. */
export interface GocdTaskAnswer {
  success: boolean;
  message: string;
}

/** How a task is run and ended. */
export interface TaskControl {
  console: GocdConsole;
  /** Ends it politely, then by force. */
  cancel: AbortSignal;
  /** Ends it by force. */
  kill: AbortSignal;
  timeout: number | undefined;
  forceKillAfterDelay: number | undefined;
  /** Names of variables that are masked wherever a task has them. */
  maskedVariables: readonly string[];
  /** What the console is told before the task's output. */
  warnings: readonly string[];
}

async function passLines(from: Readable, stream: GocdConsoleLine["stream"], console: GocdConsole): Promise<void> {
  const splitter = new LineSplitter();
  const pass = async (lines: readonly Line[]): Promise<void> => {
    if (lines.length === 0) return;
    await console(
      lines.map(({ text, isPartial }) => (isPartial ? { stream, line: text, partial: true } : { stream, line: text })),
    );
  };
  for await (const chunk of from as AsyncIterable<Buffer>) await pass(splitter.add(chunk));
  await pass(splitter.end());
}

const OUTPUT_CUT = "a background process held the output open, and the rest of it was cut; redirect its output";

const HOW: Readonly<Record<Outcome, (result: StepResult) => string>> = {
  exited: ({ exitCode }) => `the script ended with exit status ${exitCode}`,
  signaled: ({ signal }) => `the script was killed by ${signal}`,
  "timed-out": () => "the script timed out",
  canceled: () => "the script was cancelled",
  "out-of-memory": () => "the script ran out of memory: the kernel's OOM killer ended it",
};

/** Passes the output on until the step has ended and all of it was taken. */
async function follow(step: Step, { console, cancel, kill, ...control }: TaskControl): Promise<StepResult> {
  const over = new AbortController();
  let force: () => void = () => undefined;
  const forced = new Promise<void>((resolve) => (force = resolve));
  const onKill = (): void => {
    step.kill("SIGKILL");
    force();
  };
  cancel.addEventListener("abort", force, over);
  kill.addEventListener("abort", onKill, over);
  const warn = async (warnings: readonly string[]): Promise<void> => {
    const lines = warnings.map((text): GocdConsoleLine => ({
      stream: "stderr",
      line: `k8s-executor: warning: ${text}`,
    }));
    if (lines.length > 0) await console(lines);
  };
  const passed = Promise.all([
    warn([...control.warnings, ...step.warnings]),
    passLines(step.stdout, "stdout", console),
    passLines(step.stderr, "stderr", console),
  ]);
  // A script whose output nobody takes is ended, and waited for.
  passed.catch(() => step.kill());
  try {
    const [ended] = await Promise.allSettled([step]);
    if (cancel.aborted || (ended.status === "fulfilled" && ended.value.timedOut)) force();
    // An error of the console comes first, for it is why the step was ended.
    await Promise.race([passed, forced.then(() => delay(STUCK_MS, undefined, over))]);
    const result = await step;
    if (!cancel.aborted && !kill.aborted && !result.timedOut) {
      // What was not known when it was started.
      await warn([...result.warnings.slice(step.warnings.length), ...(result.isOutputTruncated ? [OUTPUT_CUT] : [])]);
    }
    return result;
  } finally {
    over.abort();
    step.stdout.destroy();
    step.stderr.destroy();
  }
}

/** Runs a task in the container. @throws ExecutorError as guest.run does, and what the console throws. */
export async function executeTask(guest: Guest, task: Task, control: TaskControl): Promise<GocdTaskAnswer> {
  const { timeout, forceKillAfterDelay, cancel } = control;
  const { script, shell, cwd, env } = task;
  // The configuration gives a container's steps variables, too.
  const configured = control.maskedVariables.filter((name) => Object.hasOwn(guest.defaults.env ?? {}, name));
  const mask = [...new Set([...task.mask, ...configured])];
  const options = { script, shell, cwd, env, mask, timeout, forceKillAfterDelay, signal: cancel, buffer: false };
  const result = await follow(guest.run(options), control);
  return { success: !result.failed, message: HOW[result.outcome](result) };
}
