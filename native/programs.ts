import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const NATIVE: string = fileURLToPath(new URL(".", import.meta.url));

/** A program that `npm run build` makes of C. */
export interface Program {
  /** Its file is `native/build/NAME-ARCH`. */
  name: string;
  /** Absolute paths; the entry point is that of all. */
  sources: readonly string[];
}

function sourcesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".c"))
    .map((name) => path.join(directory, name));
}

/** The program of each name, with its sources as they are now. */
export function programs(): Program[] {
  return [
    { name: "helper", sources: sourcesIn(NATIVE) },
    { name: "pause", sources: [path.join(NATIVE, "start.c"), ...sourcesIn(path.join(NATIVE, "pause"))] },
  ];
}
