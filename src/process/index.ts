export { LineSplitter, type Line } from "./line-splitter.ts";
export { PROCESS_OPTION_NAMES, type ProcessOptions } from "./options.ts";
export { Step } from "./step.ts";
