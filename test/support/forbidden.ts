import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { compile } from "../hostile/compile.ts";
import { REPOSITORY } from "./programs.ts";

const NATIVE = path.join(REPOSITORY, "native");
const SOURCE = "../doctor/forbid.c";

/** How a filter answers. */
export type Refusal = "EPERM" | "ENOSYS" | "kill";

/** The system calls that the helper's sources make, by name. */
export function callsOfHelper(): string[] {
  const sources = readdirSync(NATIVE).filter((name) => name.endsWith(".c"));
  const calls = sources.flatMap((name) =>
    [...readFileSync(path.join(NATIVE, name), "utf8").matchAll(/\bSYSCALL\((\w+)/g)].map(([, call = ""]) => call),
  );
  return [...new Set(calls)].toSorted();
}

function flags(calls: readonly string[]): string[] {
  return [
    `-DCALLS=${[...new Set([...calls, "setns", "statx", "unlink", "waitid"])].map((call) => `CALL(${call})`).join(" ")}`,
  ];
}

/** `forbid ERRNO CALL`, to be put before a program and its arguments. */
export function forbid(refusal: Refusal, call: string): string[] {
  return [compile(SOURCE, "forbid", flags(callsOfHelper())), refusal, call];
}

/** A copy of the built package whose helper runs under a filter, and the agent does not. */
export class FilteredPackage {
  readonly directory: string;
  readonly #before: string;

  /** @param program Instead of the helper under a filter. */
  constructor(program?: string) {
    this.directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-filtered-"));
    this.#before = path.join(this.directory, "before");
    const helper = `helper-${process.arch}`;
    const built = path.join(this.directory, "native/build");
    cpSync(path.join(REPOSITORY, "dist"), path.join(this.directory, "dist"), { recursive: true });
    symlinkSync(path.join(REPOSITORY, "node_modules"), path.join(this.directory, "node_modules"));
    writeFileSync(path.join(this.directory, "package.json"), '{ "type": "module" }');
    mkdirSync(built, { recursive: true });
    const places = [
      `-DBEFORE=${JSON.stringify(this.#before)}`,
      `-DPROGRAM=${JSON.stringify(path.join(NATIVE, "build", helper))}`,
    ];
    const made = program ?? compile(SOURCE, "filtered-helper", [...flags(callsOfHelper()), ...places, "-static"]);
    cpSync(made, path.join(built, helper));
  }

  /** What the next helper is refused. */
  refuse(refusal: Refusal, call: string): void {
    writeFileSync(this.#before, `${refusal} ${call}\n`);
  }

  /** Its library. */
  async load(): Promise<typeof import("../../src/index.ts")> {
    return (await import(path.join(this.directory, "dist/index.js"))) as typeof import("../../src/index.ts");
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
