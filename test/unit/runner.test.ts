import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";

import { findFiles } from "../runner/files.ts";
import { processesOf } from "../support/processes.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";

const PASS = 'import { test } from "node:test"; test("one", () => {}); test("two", () => {});';
const FAIL =
  'import { test } from "node:test"; test("three", () => {}); test("four", () => { throw new Error("no"); });';
const SKIP = 'import { test } from "node:test"; test("five", (t) => t.skip("missing: a program"));';
/** Ends with success before its tests do. */
const EXIT = 'import { test } from "node:test"; test("six", () => process.exit(0));';
const NONE = "export {};";

interface Run {
  status: number | null;
  stdout: string;
  /** By name, of the one summary. */
  counts: Record<string, number>;
}

/** Runs test/run.ts on these files. */
function runFiles(t: TestContext, files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): Run {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-runner-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(directory, name), text);
  const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", "test/run.ts", directory], {
    cwd: REPOSITORY,
    encoding: "utf8",
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, CI: undefined, ...env },
  });
  const summaries = [...stdout.matchAll(/^# (tests|pass|fail|skipped) (\d+)$/gm)];
  assert.equal(summaries.length, 4, stdout);
  return { status, stdout, counts: Object.fromEntries(summaries.map(([, name, count]) => [name, Number(count)])) };
}

test("both passes are in one summary, and a failure in either is one", (t) => {
  const well = runFiles(t, { "a.test.mjs": FAIL, "a.test.ts": PASS, "b.alone.test.ts": PASS });
  assert.deepEqual([well.status, well.counts], [0, { tests: 4, pass: 4, fail: 0, skipped: 0 }]);
  for (const name of ["b.test.ts", "b.alone.test.ts"]) {
    const { status, counts, stdout } = runFiles(t, { "a.test.ts": PASS, "c.alone.test.ts": PASS, [name]: FAIL });
    assert.deepEqual([status, counts], [1, { tests: 6, pass: 5, fail: 1, skipped: 0 }]);
    assert.match(stdout, new RegExp(`^# failed: .*/${name}: four$`, "m"));
    assert.match(stdout, new RegExp(`^not ok \\d - .*/${name}$`, "m"));
  }
});

test("a file that ends before its tests, or has none, is a failure, whatever its exit status", (t) => {
  for (const [text, why] of [
    [EXIT, /^# failed: .*: the file ended with 0 before its tests did, or it has none$/m],
    [NONE, /^# failed: .*: the file ended with 0 before its tests did, or it has none$/m],
    ["syntax error", /^# failed: .*: the file ended with 1 before its tests did, or it has none$/m],
  ] as const) {
    const { status, counts, stdout } = runFiles(t, { "a.test.ts": PASS, "b.test.ts": text });
    assert.deepEqual([status, counts["pass"], counts["fail"]], [1, 2, 1], stdout);
    assert.match(stdout, why);
  }
});

test("a test that is skipped is a failure in CI only", (t) => {
  const elsewhere = runFiles(t, { "a.test.ts": SKIP });
  assert.deepEqual([elsewhere.status, elsewhere.counts], [0, { tests: 1, pass: 0, fail: 0, skipped: 1 }]);
  if (!canRun(t, ["root", "podman", "deno", "node24"])) return;
  const inCI = runFiles(t, { "a.test.ts": SKIP }, { CI: "true" });
  assert.equal(inCI.status, 1);
  assert.match(inCI.stdout, /^# failed: .*: five # SKIP missing: a program$/m);
});

test("files side by side do not see each other's processes, and nothing of theirs is left", (t) => {
  if (!canRun(t, ["root", "unshare", "setpriv"])) return;
  const mark = `0.${process.pid}`;
  // Each starts a process that would outlive it, and waits until the other one has, too.
  const text = (own: string, other: string): string => `import assert from "node:assert";
    import { spawn } from "node:child_process"; import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
    import { test } from "node:test"; import { until } from "${REPOSITORY}/test/support/until.ts";
    const directory = import.meta.dirname;
    test("alone", async () => {
      spawn("sleep", ["1000", "${mark}"], { stdio: "ignore", detached: true }).unref();
      writeFileSync(directory + "/${own}", "");
      await until("the other one runs", () => existsSync(directory + "/${other}"));
      const found = readdirSync("/proc").filter((name) => /^\\d+$/.test(name) && readFileSync("/proc/" + name + "/cmdline", "utf8").includes("${mark}"));
      assert.equal(found.length, 1);
    });`;
  const { status, stdout } = runFiles(t, { "a.test.ts": text("a", "b"), "b.test.ts": text("b", "a") });
  assert.equal(status, 0, stdout);
  assert.deepEqual(processesOf("sleep", "1000", mark), []);
});

test("files are found by their names, at any depth", (t) => {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-files-"));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(path.join(directory, "below"));
  for (const name of ["b.test.ts", "a.alone.test.ts", "support.ts", "below/c.test.ts"]) {
    writeFileSync(path.join(directory, name), "");
  }
  const { beside, alone } = findFiles([directory]);
  assert.deepEqual(
    [beside, alone].map((files) => files.map((file) => path.relative(directory, path.resolve(REPOSITORY, file)))),
    [["b.test.ts", "below/c.test.ts"], ["a.alone.test.ts"]],
  );
});
