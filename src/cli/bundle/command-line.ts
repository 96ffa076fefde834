/** Makes dist/cli, the command line: `npm run build`. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build, type BuildOptions } from "esbuild";

import { kernelRandom } from "./kernel-random.ts";
import { koffiWithin } from "./koffi-within.ts";
import { loadLater } from "./load-later.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const OUTPUT = path.join(REPOSITORY, "dist/cli");

const COMMON = {
  absWorkingDir: REPOSITORY,
  bundle: true,
  platform: "node",
  target: "node20",
  logLevel: "warning",
} as const satisfies BuildOptions;

/** The runtime's `performance` and `crypto` are loaded at their first use, which costs more than all that we do with them. */
const BANNER = [
  '"use strict";',
  'const moduleUrl = require("node:url").pathToFileURL(__filename).href;',
  "const monotonicTime = () => Number(process.hrtime.bigint()) / 1e6;",
].join(" ");

/** All commands, for any runtime. */
async function buildMain(): Promise<void> {
  await build({
    ...COMMON,
    entryPoints: ["src/cli/main.ts"],
    format: "esm",
    splitting: true,
    external: ["koffi"],
    outdir: OUTPUT,
  });
}

/**
 * Those that run a step, for Node, so that it starts quickly; bench/NOTES.md says what each of this gives.
 *
 * @returns A hash of the program.
 */
async function buildSteps(): Promise<string> {
  const { outputFiles } = await build({
    ...COMMON,
    entryPoints: ["src/cli/steps.ts"],
    format: "cjs",
    // Names are left: a stack trace of a defect shall say something.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160,
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "moduleUrl", "performance.now": "monotonicTime" },
    banner: { js: BANNER },
    plugins: [koffiWithin, kernelRandom],
    write: false,
  });
  const program = outputFiles.map(({ text }) => loadLater(text)).join("");
  writeFileSync(path.join(OUTPUT, "steps.cjs"), program);
  return createHash("sha256").update(program).digest("hex").slice(0, 16);
}

async function buildStart(stepsHash: string): Promise<void> {
  await build({
    ...COMMON,
    define: { STEPS_HASH: JSON.stringify(stepsHash) },
    entryPoints: ["src/cli/start/start.ts", "src/cli/start/compile.ts"],
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    outdir: OUTPUT,
  });
}

rmSync(OUTPUT, { recursive: true, force: true });
await buildMain();
await buildStart(await buildSteps());
const launcher = path.join(OUTPUT, "k8s-executor");
copyFileSync(path.join(REPOSITORY, "src/cli/launcher.sh"), launcher);
chmodSync(launcher, 0o755);
const { status } = spawnSync(process.execPath, [path.join(OUTPUT, "compile.cjs")], { stdio: "inherit" });
process.exitCode = status ?? 1;
