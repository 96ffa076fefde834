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

/** The folders of each program's sources, besides the entry point. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  helper: ["step", "resident", "helper"],
  pause: ["pause"],
};

function sourcesIn(folder: string): string[] {
  const directory = path.join(NATIVE, folder);
  return readdirSync(directory)
    .filter((name) => name.endsWith(".c"))
    .map((name) => path.join(directory, name));
}

/** The program of each name, with its sources as they are now. */
export function programs(): Program[] {
  return Object.entries(FOLDERS).map(([name, folders]) => ({
    name,
    sources: [path.join(NATIVE, "start.c"), ...folders.flatMap(sourcesIn)],
  }));
}
