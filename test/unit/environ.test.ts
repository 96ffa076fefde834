import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { parseEnviron, readEnviron } from "../../src/container/environ.ts";
import { composeEnvironment, containerEntries, stepMark } from "../../src/step/environment.ts";
import { accessProc } from "../../src/system/index.ts";

test("a hostile environ: junk is dropped, the first of duplicates counts, bytes survive", () => {
  const block = Buffer.concat([
    Buffer.from("A=1\0junk\0=nameless\0A=2\0\0EMPTY=\0B=x=y\0"),
    Buffer.of(0x43, 0x3d, 0xff, 0xfe, 0),
    Buffer.from("UNFINISHED=yes"),
  ]);
  const variables = parseEnviron(block);
  assert.deepEqual([...variables.keys()], ["A", "EMPTY", "B", "C", "UNFINISHED"]);
  assert.equal(variables.get("A")?.toString(), "1");
  assert.equal(variables.get("B")?.toString(), "x=y");
  const entries = composeEnvironment(containerEntries(variables), {}, "/work", "one");
  assert.ok(entries.some((entry) => entry.equals(Buffer.of(0x43, 0x3d, 0xff, 0xfe))));
  assert.ok(entries.some((entry) => entry.equals(Buffer.from(stepMark("one")))));
  const replaced = composeEnvironment(containerEntries(variables), { K8S_EXECUTOR_STEP: "mine" }, "/work", "one");
  assert.ok(replaced.some((entry) => entry.equals(Buffer.from(stepMark("one")))));
});

test("a variable over the kernel's limit is named, its value is not", () => {
  const value = "secret".repeat(30_000);
  assert.throws(
    () => composeEnvironment(new Map(), { TOKEN: value }, "/", "one"),
    (error: Error) => /variable TOKEN/.test(error.message) && !error.message.includes("secretsecret"),
  );
});

test("exactly the kernel's limit is passed", () => {
  const name = "LIMIT";
  const value = "x".repeat(131_072 - name.length - 2);
  assert.equal(
    composeEnvironment(new Map(), { [name]: value }, "/", "one").find((e) => e.length > 1000)?.length,
    131_071,
  );
  assert.throws(() => composeEnvironment(new Map(), { [name]: `${value}x` }, "/", "one"), { code: "TOO_LARGE" });
});

test("names that JavaScript objects know are ordinary variables", () => {
  const entries = composeEnvironment(new Map(), JSON.parse('{"__proto__":"a","constructor":"b"}'), "/", "one");
  const texts = new Set(entries.map(String));
  assert.ok(texts.has("__proto__=a"));
  assert.ok(texts.has("constructor=b"));
});

test("a process in the middle of an execve is not taken for one without variables", async () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-execve-"));
  const script = path.join(directory, "loop.sh");
  writeFileSync(script, `exec /bin/sh ${script}\n`);
  const child = spawn("/bin/sh", [script], { env: { GUEST: "yes" }, stdio: "ignore" });
  try {
    // Each read catches such a moment with a probability of some percent.
    for (let i = 0; i < 2000; i++) {
      assert.equal(readEnviron(accessProc(), `/proc/${child.pid}`).get("GUEST")?.toString(), "yes");
    }
  } finally {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  }
});
