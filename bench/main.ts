/**
 * Measures the package beside others, in each runtime and in both kinds of guests: `npm run bench`, as root.
 * `--help` names the options; bench/NOTES.md says how to read the result.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { REPOSITORY } from "../test/support/programs.ts";
import { describe, describeRuntime, findRuntimes, type Description, type Runtime } from "./machine/index.ts";
import { HELP, readOptions, UsageError, type Options } from "./options.ts";
import { groupTable, headline, judgeAll, summarize, verdictTable, type Document } from "./report/index.ts";
import { runAll } from "./run.ts";
import { TARGETS } from "./targets.ts";

function runtimesOf({ runtimes }: Options): { runtimes: Runtime[]; missing: string[] } {
  if (runtimes.length === 0) return findRuntimes();
  try {
    return { runtimes: runtimes.map(describeRuntime), missing: [] };
  } catch (error) {
    throw new UsageError(`--runtime ${(error as Error).message}`, { cause: error });
  }
}

function fileFor({ json, isQuick }: Options, { commit, isDirty }: Description): string {
  if (json !== undefined) return json;
  const name = [commit.slice(0, 12), ...(isDirty ? ["changed"] : []), ...(isQuick ? ["quick"] : [])].join("-");
  return path.join(REPOSITORY, "bench/results", `${name}.json`);
}

async function bench(options: Options, signal: AbortSignal): Promise<void> {
  const { runtimes, missing } = runtimesOf(options);
  const description = describe();
  const file = fileFor(options, description);
  console.log(headline(description));
  for (const reason of missing) console.log(`not measured: ${reason}`);
  const measured = await runAll({
    options,
    runtimes,
    signal,
    onGroup: (group) => console.log(groupTable(summarize(group))),
  });
  const document: Document = {
    ...description,
    options,
    runtimes: runtimes.map(({ name }) => name),
    missingRuntimes: missing,
    targets: judgeAll(TARGETS, measured),
    groups: measured.map(summarize),
  };
  console.log(verdictTable(document.targets));
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(document, undefined, 1)}\n`);
  console.log(`\n${file}`);
}

const ended = new AbortController();
// Ctrl-C may come twice: from the terminal, and from npm, which passes it on. (tsx as a command would kill us meanwhile.)
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => ended.abort());
try {
  const options = readOptions(process.argv.slice(2));
  if (options) await bench(options, ended.signal);
  else console.log(HELP);
} catch (error) {
  if (ended.signal.aborted) process.exitCode = 130;
  else if (error instanceof UsageError) {
    console.error(error.message);
    process.exitCode = 2;
  } else throw error;
}
