import { spawn } from "node:child_process";
import { once } from "node:events";

import { REPOSITORY } from "../support/programs.ts";
import { noCounts, takeSummary, type Counts } from "./counts.ts";

/** Far more than any file takes: one that hangs is named, and does not hold up the run. */
const PATIENCE_MS = 600_000;

/** How a test file ended. */
export interface FileResult {
  file: string;
  milliseconds: number;
  counts: Counts;
  /** Why the file failed as a whole; undefined if its tests say it all. */
  fault: string | undefined;
  /** What it printed, without its summary. */
  output: string;
}

/** How files are run. */
export interface RunOptions {
  /** What stands before the command. */
  prefix: readonly string[];
  /** Options of node, such as --test-name-pattern. */
  nodeOptions: readonly string[];
}

function faultOf(status: number | null, signal: NodeJS.Signals | null, counts: Counts | undefined): string | undefined {
  if (signal === "SIGKILL") return `the file was killed, or did not end within ${PATIENCE_MS} ms`;
  if (!counts) return `the file ended with ${status ?? signal} before its tests did, or it has none`;
  if (status !== 0 && counts.fail + counts.cancelled === 0) return `the file ended with ${status ?? signal}`;
  return undefined;
}

/** Runs one test file to its end. */
export async function runFile(file: string, { prefix, nodeOptions }: RunOptions): Promise<FileResult> {
  const node = [process.execPath, "--import", "tsx", "--test-reporter=tap", ...nodeOptions, file];
  const [command = "", ...args] = [...prefix, ...node];
  const startedAt = performance.now();
  const child = spawn(command, args, {
    cwd: REPOSITORY,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
  });
  let printed = "";
  // Each stream has its decoder, for a character may be split.
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
  }
  const [status, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  const { counts, rest } = takeSummary(printed);
  const fault = faultOf(status, signal, counts);
  const milliseconds = performance.now() - startedAt;
  return { file, milliseconds, counts: counts ?? noCounts(), fault, output: rest };
}
