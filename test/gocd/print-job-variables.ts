/** Prints, as JSON, which variables this process takes for its job's, and the note about that. */
import { readEnviron } from "../../src/container/environ.ts";
import { readJobVariables } from "../../src/gocd/index.ts";
import { accessProc } from "../../src/system/index.ts";

const { variables, note } = readJobVariables(readEnviron(accessProc(), "/proc/self"));
process.stdout.write(JSON.stringify({ names: [...variables.keys()].toSorted(), note }));
