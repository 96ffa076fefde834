import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { WARNINGS } from "../../native/flags.ts";

let directory: string | undefined;

/** Compiles a C file of this folder into a directory that goes with this process. Answers where it is. */
export function compile(source: string, name: string, flags: readonly string[]): string {
  if (directory === undefined) {
    const made = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-hostile-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    directory = made;
  }
  const program = path.join(directory, name);
  const file = fileURLToPath(new URL(source, import.meta.url));
  execFileSync("cc", ["-O2", ...WARNINGS, ...flags, "-o", program, file], { stdio: ["ignore", "inherit", "inherit"] });
  return program;
}

let attacker: string | undefined;

/** The attacks, as one program that needs nothing of the container. */
export function compiledAttacker(): string {
  return (attacker ??= compile("attacker.c", "attack", ["-static"]));
}
