import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where `npm run build` puts a program of native/ for this architecture; undefined where it did not. */
export function builtProgram(name: "helper" | "pause"): string | undefined {
  // The same from src/ and from dist/, which mirrors it.
  const path = fileURLToPath(new URL(`../../native/build/${name}-${process.arch}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}
