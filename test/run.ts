/**
 * Runs the tests: `npm test -- [OPTIONS] [FILE|DIRECTORY...]`.
 *
 * First the files that mostly wait, several side by side, each in process and mount namespaces of its own; then those that
 * need the machine to themselves (`*.alone.test.ts`), one after the other.
 *
 * Options: --concurrency N, --test-name-pattern PATTERN, and --prepare, which only fetches and makes what the tests need.
 */
import os from "node:os";
import { parseArgs } from "node:util";

import { prepare } from "./prepare.ts";
import { keepDurations, longestFirst } from "./runner/durations.ts";
import { findFiles } from "./runner/files.ts";
import { isolate } from "./runner/isolation.ts";
import { formatEnd, formatFile, hasPassed } from "./runner/report.ts";
import { runFile, type FileResult, type RunOptions } from "./runner/run-file.ts";

/** How many files run at once for each processor: on average, a file waits for three quarters of its time. */
const FILES_PER_PROCESSOR = 3;

const isCI = Boolean(process.env["CI"]);
const print = (text: string): void => void process.stdout.write(text);

/** What is not as it should be is one sentence; in CI it is a failure. */
function note(problem: string): void {
  if (isCI) throw new Error(problem);
  print(`# ${problem}\n`);
}

const { values, positionals } = parseArgs({
  options: {
    concurrency: { type: "string" },
    "test-name-pattern": { type: "string", multiple: true },
    prepare: { type: "boolean" },
  },
  allowPositionals: true,
});

async function runTests(): Promise<boolean> {
  const isolation = isolate();
  if (typeof isolation === "string") note(`one file at a time: ${isolation}`);
  const canIsolate = typeof isolation !== "string";
  const nodeOptions = (values["test-name-pattern"] ?? []).map((pattern) => `--test-name-pattern=${pattern}`);
  const startedAt = performance.now();
  const results: FileResult[] = [];
  const runAll = async (files: readonly string[], atOnce: number, options: RunOptions): Promise<void> => {
    const queue = [...files];
    const work = async (): Promise<void> => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        const result = await runFile(file, options);
        results.push(result);
        print(formatFile(result, results.length));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  };
  const { beside, alone } = findFiles(positionals);
  const concurrency = Number(values.concurrency ?? FILES_PER_PROCESSOR * os.availableParallelism());
  print("TAP version 13\n");
  await runAll(longestFirst(beside), canIsolate ? concurrency : 1, {
    prefix: canIsolate ? isolation : [],
    nodeOptions,
  });
  await runAll(alone, 1, { prefix: [], nodeOptions });
  keepDurations(results);
  print(formatEnd(results, performance.now() - startedAt, isCI));
  return results.length > 0 && results.every((result) => hasPassed(result, isCI));
}

for (const problem of prepare()) note(problem);
if (!values.prepare) process.exitCode = (await runTests()) ? 0 : 1;
