export { containerEntries, lookUp, stepMark, type Environment } from "./environment.ts";
export { makeMarkedFile, type MarkedFile } from "./marked-file.ts";
export { prepareProgram, prepareScript, SCRIPT_DESCRIPTOR, type StepSource } from "./prepare.ts";
export { type PreparedStep, type StepScript, type TerminalSize, type Transport } from "./prepared-step.ts";
export { openSharedRoot, removeScript, scriptPath, type SharedRoot } from "./shared-root.ts";
export { requireUtf8 } from "./strings.ts";
export { requireTerminalSize } from "./terminal.ts";
