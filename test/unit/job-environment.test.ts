import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { parseGlob } from "../../src/cli/glob.ts";
import { readVariables } from "../../src/cli/environment.ts";
import { composeEnvironment } from "../../src/step/environment.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";

const PRINT = fileURLToPath(new URL("../gocd/print-job-variables.ts", import.meta.url));
const LOADER = import.meta.resolve("tsx");

test("globs: * and ?, and nothing else is special", () => {
  const matches = (glob: string, name: string): boolean => parseGlob("--pass-env", glob).test(name);
  assert.ok(matches("APP_*", "APP_"));
  assert.ok(matches("APP_*", "APP_A\nB"));
  assert.ok(matches("A?C", "A.C"));
  assert.ok(matches("*", "anything-at.all"));
  assert.ok(matches("?", "✓"));
  assert.ok(matches("a.b[c](d)$^|{}+\\/-", "a.b[c](d)$^|{}+\\/-"));
  for (const [glob, name] of [
    ["APP_*", "MY_APP_A"],
    ["app_*", "APP_A"],
    ["A?C", "AC"],
    ["A?C", "ABBC"],
    ["A.C", "ABC"],
    ["[AB]", "A"],
  ] as const) {
    assert.ok(!matches(glob, name), `${glob} ${name}`);
  }
  for (const bad of ["", "A=1"]) assert.throws(() => parseGlob("--pass-env", bad), { code: "INVALID_OPTION" });
});

test("bytes as values, and a NUL byte among them", () => {
  const bytes = Buffer.of(0x61, 0xff);
  const entries = composeEnvironment(new Map(), { BYTES: bytes }, "/", "one");
  assert.ok(entries.some((entry) => entry.equals(Buffer.concat([Buffer.from("BYTES="), bytes]))));
  assert.throws(() => composeEnvironment(new Map(), { BYTES: Buffer.of(0) }, "/", "one"), /BYTES contains a NUL byte/);
});

test("text stays text, and a name that is no UTF-8 is told", () => {
  const ours = new Map([
    ["TEXT", Buffer.from("grüße")],
    ["BYTES", Buffer.of(0xff)],
    ["\xff", Buffer.from("x")],
    ["PWD", Buffer.from("/here")],
  ]);
  const { env, notes } = readVariables(ours, { "pass-env": ["*"] });
  assert.deepEqual(env, { TEXT: "grüße", BYTES: Buffer.of(0xff) });
  assert.deepEqual(notes, ['a variable is not passed, for its name "ÿ" is not UTF-8']);
});

/** What a process finds that is started by these words from an agent without GO_JOB_NAME. */
function found(...words: string[]): { names: string[]; note?: string } {
  const job = ["env", "GO_JOB_NAME=job", "USERS_OWN=yes"];
  const print = [process.execPath, "--import", LOADER, PRINT];
  const [program = "", ...args] = [...words, ...print];
  // The agent is a shell, so that what it starts is no exec of its own.
  const shell = `${[...job, program, ...args].map((word) => `'${word}'`).join(" ")}; exit $?`;
  const text = execFileSync("sh", ["-c", shell], {
    encoding: "utf8",
    cwd: "/",
    env: { PATH: process.env["PATH"] ?? "", JAVA_HOME: "/jre" },
  });
  return JSON.parse(text) as { names: string[]; note?: string };
}

test("the job's variables, and what is done where the agent cannot be looked into", async (t) => {
  assert.deepEqual(found(), { names: ["GO_JOB_NAME", "USERS_OWN"] });
  assert.deepEqual(found("nice", "sh", "-c", '"$@"; exit $?', "sh"), { names: ["GO_JOB_NAME", "USERS_OWN"] });
  if (!canRun(t, ["root", "unshare", "setpriv"])) return;
  const only = (why: RegExp, ...words: string[]): void => {
    const { names, note } = found(...words);
    assert.deepEqual(names, ["GO_JOB_NAME"]);
    assert.match(note ?? "", /^only the job's GO_\* variables are passed, .*; name them with --pass-env$/);
    assert.match(note ?? "", why);
  };
  const another = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--inh-caps=-all"];
  only(/the environment of process \d+ cannot be read \((EACCES|ENOENT)\)/, ...another);
  // With hidepid, what is another's is not even there.
  const hide = ["unshare", "--mount", "sh", "-c", 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh"];
  only(/process \S+ cannot be read \(ENOENT\)/, ...hide, ...another);
  only(/is in another mount namespace/, "unshare", "--mount");
  // Its own pid namespace has nobody above it.
  only(/no process above us is outside the job/, "unshare", "--pid", "--fork", "--mount-proc");
});

test("our own environment where /proc does not show it to us", (t) => {
  if (!canRun(t, ["root", "setpriv"])) return;
  const module = fileURLToPath(new URL("../../src/cli/own-environment.ts", import.meta.url));
  // As for a Node whose file has capabilities; 4 is PR_SET_DUMPABLE.
  const program = `import koffi from "koffi"; import fs from "node:fs"; import { readOwnEnvironment } from ${JSON.stringify(module)};
    koffi.load(null).func("int prctl(int, ulong, ulong, ulong, ulong)")(4, 0, 0, 0, 0);
    let isShown = true; try { fs.readFileSync("/proc/self/environ"); } catch { isShown = false; }
    console.log(isShown, readOwnEnvironment().get("TEXT").toString());`;
  const user = ["--reuid=1000", "--regid=1000", "--clear-groups", "--inh-caps=-all"];
  const node = [process.execPath, "--import", LOADER, "--input-type=module", "-e", program];
  const text = execFileSync("setpriv", [...user, ...node], {
    encoding: "utf8",
    env: { TEXT: "grüße" },
    cwd: REPOSITORY,
  });
  assert.equal(text, "false grüße\n");
});
