import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import type { ContenderName, Task } from "../task.ts";
import { timed, type Run, type Starter, type StartOptions, type Work } from "./contender.ts";

/** How a contender reaches a container, or none. */
export interface Way {
  name: ContenderName;
  isSlow?: boolean;
  /** What stands before the command. */
  prefix: (hasStdin: boolean) => readonly string[];
  /** What runs a script. */
  script: (file: string) => readonly string[];
  /** The shared directory as the command sees it. */
  directory: string;
  env?: Readonly<Record<string, string>>;
}

async function end(child: ReturnType<typeof spawn>, file: string | undefined, what: string): Promise<void> {
  try {
    const [status] = (await once(child, "close")) as [number | null];
    if (status !== 0) throw new Error(`${what} ended with ${status}`);
  } finally {
    if (file !== undefined) rmSync(file);
  }
}

function startChild(way: Way, work: Work, sharedRoot: string, options: StartOptions = {}): Run {
  let file: string | undefined;
  let command: readonly string[];
  if (work.kind === "exec") command = work.command((program) => path.join(way.directory, program));
  else {
    const name = `${randomUUID()}.sh`;
    file = path.join(sharedRoot, name);
    writeFileSync(file, work.script, { mode: 0o700 });
    command = way.script(path.join(way.directory, name));
  }
  const [program = "", ...args] = [...way.prefix(options.hasStdin ?? false), ...command];
  const child = spawn(program, args, {
    stdio: [options.hasStdin ? "pipe" : "ignore", "pipe", "pipe"],
    ...(way.env ? { env: { ...process.env, ...way.env } } : {}),
  });
  child.stderr?.resume();
  const { stdin, stdout } = child;
  if (!stdout) throw new Error(`${program} could not be started`);
  if (!options.isRead) stdout.resume();
  return {
    stdin: stdin ?? undefined,
    stdout,
    lines: () => createInterface({ input: stdout, crlfDelay: Infinity }),
    ended: end(child, file, program),
  };
}

/** A contender that is node:child_process and a command line. */
export function childContender(way: Way, { guest }: Task): Starter {
  const start: Starter["start"] = (work, options) => startChild(way, work, guest.sharedRoot, options);
  return {
    name: way.name,
    ...(way.isSlow ? { isSlow: true } : {}),
    cannot: (work) =>
      work.kind === "run" && work.transport === "memfd" ? "it has no way to pass a script in memory" : undefined,
    start,
    time: timed(start),
    close: () => undefined,
  };
}
