import { closeSync, fsyncSync, openSync, renameSync, symlinkSync, writeSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

import { COMPILED, NODE, PROGRAM, readProgram } from "./program.ts";

// Functions as well, not only what is outside of them. V8 compares its flags later, so this one is taken back.
setFlagsFromString("--no-lazy");
const script = new Script(readProgram(), { filename: PROGRAM });
setFlagsFromString("--lazy");

function compile(): void {
  const temporary = `${COMPILED}.${process.pid}`;
  const file = openSync(temporary, "wx", 0o644);
  // V8 does not look whether it is whole.
  const bytes = script.createCachedData();
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, COMPILED);
}

function recordNode(): void {
  const temporary = `${NODE}.${process.pid}`;
  symlinkSync(process.execPath, temporary);
  renameSync(temporary, NODE);
}

try {
  compile();
  recordNode();
} catch (error) {
  console.error(`${COMPILED} cannot be made: ${(error as Error).message}; the command line works without it`);
  process.exitCode = 1;
}
