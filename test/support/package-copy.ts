import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

import { REPOSITORY } from "./programs.ts";

/** A directory that goes with its test. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Copies the package with all that it needs to a directory that does not exist yet. */
export function copyPackage(to: string): void {
  for (const name of ["dist", "native/build", "package.json", "node_modules/koffi", "node_modules/@koromix"]) {
    cpSync(realpathSync(path.join(REPOSITORY, name)), path.join(to, name), { recursive: true });
  }
}
