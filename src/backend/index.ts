export { chooseBackend, type BackendChoice } from "./choose.ts";
export { LimitedBackend, requireConcurrency } from "./concurrency.ts";
export { type Backend, type Ending, type Running } from "./types.ts";
