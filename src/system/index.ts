export { builtProgram } from "./built-program.ts";
export { Descriptors } from "./descriptors.ts";
export { requireLinux } from "./linux.ts";
export { mountOf } from "./mount-id.ts";
export { currentDirectory, relativeBelow } from "./paths.ts";
export { findOwnProgram } from "./own-programs.ts";
export { accessProc, type Proc } from "./proc.ts";
export { printable } from "./printable.ts";
export { readToEnd } from "./read-to-end.ts";
