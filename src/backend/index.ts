export { chooseBackend, type BackendChoice } from "./choose.ts";
export { type Backend, type Ending, type Running } from "./types.ts";
