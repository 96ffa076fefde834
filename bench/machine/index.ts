export { buildMeasured } from "./build.ts";
export { measureIn } from "./child.ts";
export { describe, nsenterOptions, type Description } from "./describe.ts";
export { MeasuredPlace } from "./place.ts";
export { compilePrograms, type Programs } from "./programs.ts";
export { describeRuntime, findRuntimes, type Runtime } from "./runtime.ts";
