import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { programs } from "../../native/programs.ts";
import { compile } from "../hostile/compile.ts";
import { PackageCopy } from "./package-copy.ts";
import { REPOSITORY } from "./programs.ts";

const NATIVE = path.join(REPOSITORY, "native");
const SOURCE = "../doctor/forbid.c";

/** How a filter answers. */
export type Refusal = "EPERM" | "ENOSYS" | "kill";

/** The system calls that the helper's sources make, by name. */
export function callsOfHelper(): string[] {
  const sources = programs().find(({ name }) => name === "helper")?.sources ?? [];
  const calls = sources.flatMap((source) =>
    [...readFileSync(source, "utf8").matchAll(/\bSYSCALL\((\w+)/g)].map(([, call = ""]) => call),
  );
  return [...new Set(calls)].toSorted();
}

function flags(calls: readonly string[]): string[] {
  const all = [...new Set([...calls, "setns", "statx", "unlink", "waitid"])];
  return [`-DCALLS=${all.map((call) => `CALL(${call})`).join(" ")}`];
}

/** `forbid ERRNO CALL`, to be put before a program and its arguments. */
export function forbid(refusal: Refusal, call: string): string[] {
  return [compile(SOURCE, "forbid", flags(callsOfHelper())), refusal, call];
}

/** A copy of the built package whose helper runs under a filter, and the agent does not. */
export class FilteredPackage {
  readonly #directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-filter-"));
  readonly #before = path.join(this.#directory, "before");
  readonly #copy: PackageCopy;

  constructor() {
    const places = {
      BEFORE: this.#before,
      PROGRAM: path.join(NATIVE, "build", `helper-${process.arch}`),
    };
    const macros = Object.entries(places).map(([name, place]) => `-D${name}=${JSON.stringify(place)}`);
    const helper = compile(SOURCE, "filtered-helper", [...flags(callsOfHelper()), ...macros, "-static"]);
    this.#copy = new PackageCopy(helper, true);
  }

  /** What the next helper is refused. */
  refuse(refusal: Refusal, call: string): void {
    writeFileSync(this.#before, `${refusal} ${call}\n`);
  }

  /** Its library. */
  load(): Promise<typeof import("../../src/index.ts")> {
    return this.#copy.load();
  }

  close(): void {
    this.#copy.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
