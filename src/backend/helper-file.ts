import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { Unavailable } from "./types.ts";

/** Where `npm run build` puts the helper for this architecture. Throws Unavailable where it did not. */
export function helperPath(): string {
  // The same from src/ and from dist/, which mirrors it.
  const path = fileURLToPath(new URL(`../../native/build/helper-${process.arch}`, import.meta.url));
  if (!existsSync(path)) {
    throw new Unavailable(`the native helper was not built for ${process.arch} (npm run build, with a C compiler)`);
  }
  return path;
}
