import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";

import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";
import { Compilation } from "./compile.ts";
import { sampleRequests } from "./requests.ts";

/** Whichever comes first ends it. */
const RUNS = 2_000_000;
const SECONDS = 30;

/** From what src/backend/request.ts writes, libFuzzer makes what nobody would. */
test("the request parser bears any bytes", async (t) => {
  if (!canRun(t, ["clang", "unshare"])) return;
  const compilation = new Compilation("clang", "fuzzer,address,undefined");
  try {
    const program = compilation.program("fuzz-request.c", [path.join(REPOSITORY, "native/step/request.c")]);
    const corpus = path.join(compilation.directory, "corpus");
    mkdirSync(corpus);
    const seeds = (await sampleRequests()).map(({ bytes }, index) => {
      const file = path.join(corpus, `seed-${index}`);
      writeFileSync(file, bytes);
      return file;
    });
    await t.test("it reads every request that TypeScript writes", () => {
      run(program, seeds, { FUZZ_MUST_PARSE: "1" });
    });
    await t.test("it reads what is right and refuses all else, whatever is changed", (fuzz) =>
      fuzzFrom(fuzz, program, corpus),
    );
  } finally {
    compilation.close();
  }
});

function fuzzFrom(t: TestContext, program: string, corpus: string): void {
  const said = run(program, [
    `-runs=${RUNS}`,
    `-max_total_time=${SECONDS}`,
    "-max_len=8192",
    "-print_final_stats=1",
    corpus,
  ]);
  const [, runs = "0"] = /^stat::number_of_executed_units:\s*(\d+)/m.exec(said) ?? [];
  const [, coverage = "0"] = /^#\d+\s+DONE\s+cov: (\d+)/m.exec(said) ?? [];
  const [, perSecond = "?"] = /^stat::average_exec_per_sec:\s*(\d+)/m.exec(said) ?? [];
  assert.ok(Number(runs) > 0 && Number(coverage) > 0, said);
  t.diagnostic(`${runs} runs, ${perSecond} a second, ${coverage} edges covered`);
}

/** Runs the fuzzer and answers what it said; fails with that where anything was found. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, signal, stderr } = spawnSync(program, args, {
    cwd: path.dirname(program),
    env: { ...process.env, ...env },
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
    timeout: (SECONDS + 120) * 1000,
    killSignal: "SIGKILL",
  });
  assert.equal(status, 0, `the fuzzer ended with ${status ?? signal}:\n${stderr}`);
  return stderr;
}
