import { builtProgram } from "../system/index.ts";
import { Unavailable } from "./types.ts";

/** Where `npm run build` puts the helper for this architecture. Throws Unavailable where it did not. */
export function helperPath(): string {
  const path = builtProgram("helper");
  if (path === undefined) {
    throw new Unavailable(`the native helper was not built for ${process.arch} (npm run build, with a C compiler)`);
  }
  return path;
}
