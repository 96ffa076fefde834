import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { WARNINGS } from "../../native/flags.ts";
import { programs } from "../../native/programs.ts";
import { REPOSITORY } from "../support/programs.ts";

const TESTS = path.join(REPOSITORY, "test/native");
/** A report of theirs ends the process, in each of its forks. */
const CHECKED = ["-g", "-O1", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"];

/** Programs of this folder, built in a directory that is taken away afterwards. */
export class Compilation {
  readonly directory: string;
  readonly #compiler: string;
  readonly #flags: readonly string[];

  /** @param sanitizers What -fsanitize gets. */
  constructor(compiler: string, sanitizers: string) {
    this.directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-native-"));
    this.#compiler = compiler;
    this.#flags = [...WARNINGS, ...CHECKED, `-fsanitize=${sanitizers}`];
  }

  /** The objects of one of our programs, once for all its tests: but start.c, whose place libc takes. */
  objects(program: string): string[] {
    const { sources = [] } = programs().find(({ name }) => name === program) ?? {};
    const ours = sources.filter((source) => path.basename(source) !== "start.c");
    this.#run(["-c", ...ours]);
    return ours.map((source) => path.join(this.directory, path.basename(source, ".c") + ".o"));
  }

  /** Builds a program of this folder from its source and what it needs of native/. Answers its path. */
  program(source: string, needs: readonly string[]): string {
    const program = path.join(this.directory, source.replace(/\.c$/, ""));
    this.#run(["-o", program, path.join(TESTS, source), ...needs]);
    return program;
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #run(args: readonly string[]): void {
    const { status, stderr } = spawnSync(this.#compiler, [...this.#flags, ...args], {
      cwd: this.directory,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${this.#compiler} ${args.join(" ")} failed:\n${stderr}`);
  }
}
