export { Descriptors } from "./descriptors.ts";
export { currentDirectory, relativeBelow } from "./paths.ts";
export { accessProc, type Proc } from "./proc.ts";
