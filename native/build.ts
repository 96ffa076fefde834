/** Compiles the helper with the machine's C compiler: `npm run build`. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { CANARY, FREESTANDING, OPTIONAL, WARNINGS } from "./flags.ts";

const NATIVE = fileURLToPath(new URL(".", import.meta.url));
const OUTPUT = path.join(NATIVE, "build");

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

function compile(compiler: string, arch: string): void {
  const sources = readdirSync(NATIVE)
    .filter((name) => name.endsWith(".c"))
    .map((name) => path.join(NATIVE, name));
  const target = path.join(OUTPUT, `helper-${arch}`);
  const made = `${target}.${process.pid}`;
  mkdirSync(OUTPUT, { recursive: true });
  const optional = OPTIONAL.filter((flag) => knows(compiler, flag));
  const flags = [...WARNINGS, ...FREESTANDING, ...(CANARY[arch] ?? []), ...optional, "-o", made, ...sources];
  if (spawnSync(compiler, flags, { stdio: "inherit" }).status !== 0) {
    throw new Error(`${compiler} could not compile the helper for ${arch}`);
  }
  chmodSync(made, 0o755);
  // In one step, so that a build never pulls the file from under a running test.
  renameSync(made, target);
  console.log(`native/build/helper-${arch}: ${statSync(target).size} bytes, by ${compiler}`);
}

for (const arch of Object.keys(COMPILERS)) {
  const compiler = compilerFor(arch);
  if (compiler) compile(compiler, arch);
  else if (arch === process.arch) {
    console.log(`no C compiler found, so the native helper is not built; steps will be started by nsenter instead`);
  }
}
