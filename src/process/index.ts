export { type ProcessOptions } from "./options.ts";
export { Step } from "./step.ts";
