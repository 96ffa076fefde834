import { spawnSync } from "node:child_process";
import path from "node:path";

import { REPOSITORY } from "../../test/support/programs.ts";

/**
 * Compiles bench/measured, so that each runtime runs the same JavaScript. Under tsx it would have a larger heap and a
 * thread more, which slow child_process down and would flatter us.
 *
 * @returns What a runtime is to run.
 */
export function buildMeasured(): string {
  const compiler = path.join(REPOSITORY, "node_modules/.bin/tsc");
  const { status, stdout } = spawnSync(compiler, ["-p", path.join(REPOSITORY, "bench/tsconfig.json")], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`bench/measured could not be compiled: ${stdout}`);
  return path.join(REPOSITORY, "test/.cache/bench/bench/measured/main.js");
}
