/**
 * Compiles the helper and pause with the machine's C compiler: `npm run build`.
 *
 * Usage: build.ts [PROGRAM], which compiles that one only, and only for this machine.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { CANARY, FREESTANDING, OPTIONAL, WARNINGS } from "./flags.ts";
import { programs, type Program } from "./programs.ts";

const OUTPUT = fileURLToPath(new URL("build", import.meta.url));

/** Compilers by the process.arch they compile for. The others than this machine's are used where they are installed. */
const COMPILERS: Readonly<Record<string, readonly string[]>> = {
  x64: ["x86_64-linux-gnu-gcc"],
  arm64: ["aarch64-linux-gnu-gcc"],
};

function works(compiler: string): boolean {
  return spawnSync(compiler, ["--version"], { stdio: "ignore" }).status === 0;
}

function compilerFor(arch: string): string | undefined {
  const own = arch === process.arch ? [process.env["CC"] ?? "cc", "gcc", "clang"] : [];
  return [...own, ...(COMPILERS[arch] ?? [])].find(works);
}

function knows(compiler: string, flag: string): boolean {
  const { status } = spawnSync(compiler, ["-Werror", flag, "-x", "c", "-c", "-o", "/dev/null", "/dev/null"], {
    stdio: "ignore",
  });
  return status === 0;
}

function flagsFor(compiler: string, arch: string): string[] {
  const optional = OPTIONAL.filter((flag) => knows(compiler, flag));
  return [...WARNINGS, ...FREESTANDING, ...(CANARY[arch] ?? []), ...optional];
}

function compile(compiler: string, arch: string, flags: readonly string[], { name, sources }: Program): void {
  const target = path.join(OUTPUT, `${name}-${arch}`);
  const made = `${target}.${process.pid}`;
  if (spawnSync(compiler, [...flags, "-o", made, ...sources], { stdio: "inherit" }).status !== 0) {
    throw new Error(`${compiler} could not compile the ${name} for ${arch}`);
  }
  chmodSync(made, 0o755);
  // In one step, so that a build never pulls the file from under a running test.
  renameSync(made, target);
  console.log(`native/build/${name}-${arch}: ${statSync(target).size} bytes, by ${compiler}`);
}

mkdirSync(OUTPUT, { recursive: true });
const [only] = process.argv.slice(2);
for (const arch of only === undefined ? Object.keys(COMPILERS) : [process.arch]) {
  const compiler = compilerFor(arch);
  if (compiler) {
    const flags = flagsFor(compiler, arch);
    const wanted = programs().filter(({ name }) => only === undefined || name === only);
    for (const program of wanted) compile(compiler, arch, flags, program);
  } else if (arch === process.arch) {
    console.log(
      "no C compiler found, so the native helper is not built, nor is pause; no step runs without it, but with --allow-degraded",
    );
  }
}
