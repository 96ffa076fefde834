import { readdirSync, statSync } from "node:fs";
import path from "node:path";

import { REPOSITORY } from "../support/programs.ts";

const SUFFIX = ".test.ts";
/** A file of this kind measures time, or must see all processes of the machine: nothing else may run meanwhile. */
const ALONE_SUFFIX = `.alone${SUFFIX}`;

/** The test files of one run, by the way in which they run. */
export interface TestFiles {
  /** Side by side, each in namespaces of its own. */
  beside: string[];
  /** One after the other when the others have ended, on the machine as it is. */
  alone: string[];
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(directory, name))
    .filter((name) => name.endsWith(SUFFIX) && !name.includes("/.cache/"));
}

/**
 * Finds the test files.
 *
 * @param given Files and directories; none: all of `test/`.
 */
export function findFiles(given: readonly string[]): TestFiles {
  const roots = given.length > 0 ? given.map((name) => path.resolve(name)) : [path.join(REPOSITORY, "test")];
  const found = roots.flatMap((root) => (statSync(root).isDirectory() ? filesIn(root) : [root]));
  const files = [...new Set(found)].map((file) => path.relative(REPOSITORY, file)).toSorted();
  const isAlone = (file: string): boolean => file.endsWith(ALONE_SUFFIX);
  return { beside: files.filter((file) => !isAlone(file)), alone: files.filter(isAlone) };
}
