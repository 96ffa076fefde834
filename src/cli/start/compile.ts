import { renameSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

import { COMPILED, PROGRAM, readProgram } from "./program.ts";

// Functions as well, not only what is outside of them. V8 compares its flags later, so this one is taken back.
setFlagsFromString("--no-lazy");
const script = new Script(readProgram(), { filename: PROGRAM });
setFlagsFromString("--lazy");
const temporary = `${COMPILED}.${process.pid}`;
writeFileSync(temporary, script.createCachedData());
renameSync(temporary, COMPILED);
