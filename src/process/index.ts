export { LineSplitter, type Line } from "./lines.ts";
export { PROCESS_OPTION_NAMES, type ProcessOptions } from "./options.ts";
export { Step } from "./step.ts";
