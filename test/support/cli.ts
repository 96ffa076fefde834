import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import path from "node:path";

import { REPOSITORY } from "./programs.ts";

/** The command line as it was built. */
export const CLI: string = path.join(REPOSITORY, "dist/cli/k8s-executor");

/** What the command line printed and how it ended. */
export interface CliResult {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Our environment without the variables that the command line itself looks at. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GO_")));
}

/** Starts the built command line. */
export function startCli(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(CLI, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: plainEnvironment(),
    ...options,
  });
}

/** Waits for its end, with all of its output. */
export function finished(child: ChildProcess): Promise<CliResult> {
  return new Promise((resolve) => {
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.once("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}

/** Runs the built command line to its end. */
export function cli(args: readonly string[], options: SpawnOptions = {}): Promise<CliResult> {
  return finished(startCli(args, options));
}
