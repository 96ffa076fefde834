export { Descriptors } from "./descriptors.ts";
export { accessProc, type Proc } from "./proc.ts";
