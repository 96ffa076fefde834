import { readFileSync } from "node:fs";
import { Script } from "node:vm";

import { COMPILED, PROGRAM, readProgram } from "./program.ts";

/** Beside us, as it was built: no module of this folder. */
const MAIN: string = "./main.js";

/** The commands that the program knows. MAIN knows all. */
const STEPS = new Set(["run", "exec", "shell"]);

/** Undefined where it was not compiled for this Node. */
function readCompiled(): Buffer | undefined {
  try {
    return readFileSync(COMPILED);
  } catch {
    return undefined;
  }
}

type Program = (exports: object, require: NodeJS.Require, module: object, filename: string, dirname: string) => void;

function loadProgram(): Program {
  // V8 refuses what does not fit its version and its flags, and compiles then.
  const script = new Script(readProgram(), { filename: PROGRAM, cachedData: readCompiled() });
  return script.runInThisContext() as Program;
}

/** As for every failure of our own: 1 could be a script's. */
const OUR_FAILURE = 125;

function say(text: string): void {
  console.error(`k8s-executor: ${text}`);
  process.exitCode = OUR_FAILURE;
}

function fail(error: unknown): void {
  const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  say(`the installation is damaged: ${reason}; reinstall it`);
}

function runProgram(): void {
  let program: Program;
  try {
    program = loadProgram();
  } catch (error) {
    fail(error);
    return;
  }
  program({}, require, {}, PROGRAM, __dirname);
}

/** That of package.json. */
const OLDEST_NODE = 20;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  const problem = `the Node that runs k8s-executor itself, ${process.execPath}, is ${process.version} and too old`;
  say(
    `${problem}; install Node ${OLDEST_NODE} or newer, or run NODE ${__dirname}/compile.cjs with the path of the one to use`,
  );
} else if (STEPS.has(process.argv[2] ?? "")) runProgram();
else import(MAIN).catch(fail);
