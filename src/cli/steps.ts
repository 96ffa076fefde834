import { commandLine } from "./command-line.ts";

// The commands that run a step, for start/start.ts: it hands the others to main.ts.
void commandLine({});
