/**
 * Measures the package beside others, in each runtime and in both kinds of guests: `npm run bench`, as root.
 * `--help` names the options; bench/NOTES.md says how to read the result.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { REPOSITORY } from "../test/support/programs.ts";
import { describe, describeRuntime, findRuntimes, type Description, type Runtime } from "./machine/index.ts";
import { HELP, readOptions, UsageError, type Options } from "./options.ts";
import {
  groupTable,
  headline,
  judgeAll,
  summarize,
  verdictTable,
  type Document,
  type Measured,
} from "./report/index.ts";
import { runAll } from "./run.ts";
import { TARGETS } from "./targets.ts";

/** Without these there is nothing to compare. */
const OURS: ReadonlySet<string> = new Set(["native", "all"]);

const RATIOS = "native / it: below 1, native is faster or smaller; with MB/s and per second, above 1, native does more";

function runtimesOf({ runtimes }: Options): { runtimes: Runtime[]; missing: string[] } {
  if (runtimes.length === 0) return findRuntimes();
  try {
    return { runtimes: runtimes.map(describeRuntime), missing: [] };
  } catch (error) {
    throw new UsageError(`--runtime ${(error as Error).message}`, { cause: error });
  }
}

/** Where the results go. A run never replaces another's. */
function fileFor({ json, isQuick }: Options, { commit, date, isDirty }: Description): string {
  // npm runs us in its own directory, and says where it was called.
  if (json !== undefined) return path.resolve(process.env["INIT_CWD"] ?? ".", json);
  const time = date.replaceAll(/[-:]|\.\d+/g, "");
  const name = [time, commit.slice(0, 12), ...(isDirty ? ["changed"] : []), ...(isQuick ? ["quick"] : [])].join("-");
  const directory = path.join(REPOSITORY, "bench/results");
  mkdirSync(directory, { recursive: true });
  return path.join(directory, `${name}.json`);
}

function save(file: string, document: Document): void {
  try {
    writeFileSync(file, `${JSON.stringify(document, undefined, 1)}\n`);
  } catch (error) {
    throw new UsageError(`the results cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

async function bench(options: Options, signal: AbortSignal): Promise<void> {
  const { runtimes, missing } = runtimesOf(options);
  const description = describe();
  const file = fileFor(options, description);
  const targets = TARGETS.filter(({ scenario }) => options.scenarios.includes(scenario));
  const measured: Measured[] = [];
  const document = (isComplete: boolean): Document => ({
    ...description,
    options,
    runtimes: runtimes.map(({ name }) => name),
    missingRuntimes: missing,
    isComplete,
    targets: judgeAll(targets, measured),
    groups: measured.map(summarize),
  });
  save(file, document(false));
  console.log(`${headline(description)}\n${RATIOS}`);
  for (const reason of missing) console.log(`not measured: ${reason}`);
  if (process.geteuid?.() !== 0) console.log("not as root: nsenter, podman, memory and discovery cannot be measured");
  const onGroup = (group: Measured): void => {
    measured.push(group);
    console.log(groupTable(summarize(group)));
    save(file, document(false));
  };
  try {
    await runAll({ options, runtimes, signal, onGroup });
  } catch (error) {
    if (signal.aborted) console.error(`interrupted; what was measured until then is in ${file}`);
    throw error;
  }
  const whole = document(true);
  save(file, whole);
  if (options.isQuick) console.log("\n--quick: too little was measured for the targets to be judged");
  else console.log(verdictTable(whole.targets));
  console.log(`\n${file}`);
  const failed = measured.find((group) => group.missing.some(({ contender }) => OURS.has(contender)));
  if (!failed) return;
  console.error(`${failed.scenario} could not be measured (${failed.runtime}): see there`);
  process.exitCode = 1;
}

const ended = new AbortController();
// Ctrl-C may come twice: from the terminal, and from npm, which passes it on. (tsx as a command would kill us meanwhile.)
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => ended.abort());
// Whoever reads the tables has gone (`| head`): then nobody wants the rest.
process.stdout.on("error", () => ended.abort());
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
