import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

import { REPOSITORY } from "./programs.ts";

/** A copy of the built package, with another helper, or without koffi. */
export class PackageCopy {
  readonly directory: string = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-package-"));

  /**
   * @param helper What is in the helper's place; undefined: none.
   * @param hasFfi Whether it has koffi.
   */
  constructor(helper: string | undefined, hasFfi: boolean) {
    cpSync(path.join(REPOSITORY, "dist"), path.join(this.directory, "dist"), { recursive: true });
    writeFileSync(path.join(this.directory, "package.json"), '{ "type": "module" }');
    const modules = path.join(this.directory, "node_modules");
    mkdirSync(modules);
    const linked = hasFfi ? ["uuid", "koffi", "@koromix"] : ["uuid"];
    for (const name of linked) symlinkSync(path.join(REPOSITORY, "node_modules", name), path.join(modules, name));
    const built = path.join(this.directory, "native/build");
    mkdirSync(built, { recursive: true });
    if (helper !== undefined) cpSync(helper, path.join(built, `helper-${process.arch}`));
  }

  /** Its library. */
  async load(): Promise<typeof import("../../src/index.ts")> {
    return (await import(path.join(this.directory, "dist/index.js"))) as typeof import("../../src/index.ts");
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

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
