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

function runProgram(): void {
  // V8 refuses what does not fit its version and its flags, and compiles then.
  const script = new Script(readProgram(), { filename: PROGRAM, cachedData: readCompiled() });
  const program = script.runInThisContext() as Program;
  program({}, require, {}, PROGRAM, __dirname);
}

if (STEPS.has(process.argv[2] ?? "")) runProgram();
else void import(MAIN);
