export { chooseBackend, type BackendChoice } from "./choose.ts";
export { PacedBackend, requireConcurrency } from "./paced.ts";
export { type Backend, type Ending, type Running } from "./types.ts";
export { degradation } from "./degradation.ts";
export { helperPath } from "./helper-file.ts";
export { tryHelper } from "./helper/try-helper.ts";
export { type RefusedCall } from "./trial.ts";
export { loadLibc } from "./native/libc.ts";
export { findNsenter } from "./nsenter/installed.ts";
