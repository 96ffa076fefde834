import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";
import type { Edit, Mutant } from "./mutants.ts";

const COPIED = ["src", "native", "test/guests", "test/support", "test/hostile", "package.json", "tsconfig.json"];
/** Far more than a case takes. */
const PATIENCE_MS = 120_000;

function apply(directory: string, { file, from, to }: Edit): void {
  const where = path.join(directory, file);
  const text = readFileSync(where, "utf8");
  // A mutant that changes nothing would prove nothing.
  assert.equal(text.split(from).length, 2, `${JSON.stringify(from)} must be in ${file}, once`);
  writeFileSync(
    where,
    text.replace(from, () => to),
  );
}

async function run(directory: string, ...args: string[]): Promise<{ status: number | null; output: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", ...args], {
    cwd: directory,
    env: { ...process.env, K8S_EXECUTOR_MUTANT: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, output };
}

/**
 * Declares a test for each of these mutants: the proof that a case can fail. It must notice when its counter-measure is
 * taken out.
 */
export function testMutants(mutants: readonly Mutant[]): void {
  for (const mutant of mutants) {
    test(`${mutant.case} notices ${mutant.name}`, async (t) => {
      if (!canRun(t, ["root", "cc", "unshare", "setpriv"])) return;
      await testMutant(mutant);
    });
  }
}

/** Whether the helper has to be compiled for it. */
export function isNative({ edits }: Mutant): boolean {
  return edits.some(({ file }) => file.startsWith("native/"));
}

async function testMutant(mutant: Mutant): Promise<void> {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-mutant-"));
  try {
    for (const name of COPIED) cpSync(path.join(REPOSITORY, name), path.join(directory, name), { recursive: true });
    symlinkSync(path.join(REPOSITORY, "node_modules"), path.join(directory, "node_modules"));
    for (const edit of mutant.edits) apply(directory, edit);
    // A mutant of TypeScript has the helper that was built before the tests, which was copied with the rest.
    if (isNative(mutant)) {
      const built = await run(directory, "native/build.ts", "helper");
      assert.equal(built.status, 0, built.output);
      assert.match(built.output, /^native\/build\/helper-/m);
    }
    const { status, output } = await run(directory, "test/hostile/main.ts", mutant.case);
    // 3: it failed because of a violation, and not because something else went wrong.
    assert.equal(status, 3, `the case ended with ${status}:\n${output}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
