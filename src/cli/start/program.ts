import { readFileSync } from "node:fs";
import path from "node:path";

/** steps.ts with all that it needs, as src/cli/bundle/command-line.ts makes it. */
export const PROGRAM: string = path.join(__dirname, "steps.cjs");

/** A hash of the program, put here when this is built: what was compiled of another is not looked at. */
declare const STEPS_HASH: string;

/** What V8 has made of it: bytecode, which fits this version of Node only. */
export const COMPILED: string = path.join(__dirname, `steps.${STEPS_HASH}.${process.version}-${process.arch}.compiled`);

/** A link to the Node that the launcher takes first: the one that made the bytecode. */
export const NODE: string = path.join(__dirname, "node");

/** The program as a function, as Node wraps CommonJS. It is ASCII, which is read faster as such. */
export function readProgram(): string {
  return `(function (exports, require, module, __filename, __dirname) {${readFileSync(PROGRAM, "latin1")}\n})`;
}
