export { LineSplitter, type Line } from "./lines.ts";
export { type ProcessOptions } from "./options.ts";
export { Step } from "./step.ts";
