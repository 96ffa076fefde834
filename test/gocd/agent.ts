/**
 * What a GoCD agent is to its task: a process with an environment of its own, which starts an `exec` task with that and the
 * job's variables in one, in pipelines/NAME, with a stdin at end of file; reads both outputs line by line; and, when the job is
 * cancelled, signals all of its descendants at once and waits for none.
 *
 * Reads a Job as JSON on stdin; writes an AgentEvent as JSON in each line of stdout.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import { processes } from "../support/children.ts";
import type { AgentEvent, Job } from "./job.ts";

const FIRST = "SIGTERM";
const REPEATED = "SIGKILL";

function tell(event: AgentEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** All below us, as /proc has them at this moment, the nearest first. */
function descendants(): number[] {
  const all = processes();
  const found = [process.pid];
  for (const one of found) found.push(...all.flatMap(({ pid, parent }) => (parent === one ? [pid] : [])));
  return found.slice(1);
}

function signalAll(signal: typeof FIRST | typeof REPEATED): void {
  const signalled = descendants();
  for (const pid of signalled) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended with the one before.
    }
  }
  tell({ cancel: signal, signalled });
}

function run({
  command,
  arguments: args,
  variables,
  pipeline,
  workingDirectory = "",
  cancelOn = [],
}: Job): ChildProcess {
  const cwd = path.join(process.cwd(), "pipelines", pipeline, workingDirectory);
  mkdirSync(cwd, { recursive: true });
  const task = spawn(command, args, {
    cwd,
    env: { ...process.env, ...variables },
    // Java's ProcessBuilder gives it a pipe, which the agent closes.
    stdio: ["pipe", "pipe", "pipe"],
  });
  task.stdin?.end();
  let cancelled = 0;
  const pump = (stream: "stdout" | "stderr"): void => {
    createInterface({ input: task[stream], crlfDelay: Infinity }).on("line", (line) => {
      tell({ stream, line });
      if (line === cancelOn[cancelled]) signalAll(cancelled++ === 0 ? FIRST : REPEATED);
    });
  };
  pump("stdout");
  pump("stderr");
  return task;
}

const task = run(JSON.parse(readFileSync(0, "utf8")) as Job);
task.once("error", (error) => {
  throw error;
});
task.once("close", (status, signal) => tell({ status, signal }));
