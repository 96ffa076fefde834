import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncOptions } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Script } from "node:vm";

import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { CLI, plainEnvironment } from "../support/cli.ts";
import { hidePrograms } from "../support/hide-programs.ts";
import { copyPackage as copyPackageTo, temporaryDirectory as makeDirectory } from "../support/package-copy.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";

/** Of this program, for this Node. */
const COMPILED_NAME = new RegExp(`^steps\\.[0-9a-f]{16}\\.${process.version}-${process.arch}\\.compiled$`);
const ECHO = ["--", "sh", "-c", "echo arrived"];

let guest: ThrowAwayGuest;
before(async () => {
  guest = await makeGuest();
});
after(() => guest.close());

function compiledIn(directory: string): string {
  const cli = path.join(directory, "dist/cli");
  const [found, ...others] = readdirSync(cli).filter((name) => COMPILED_NAME.test(name));
  assert.ok(found !== undefined && others.length === 0);
  return path.join(cli, found);
}

function runProgram(program: string, args: readonly string[], options: SpawnSyncOptions = {}): [string, string] {
  const { stdout, stderr } = spawnSync(program, args, { env: plainEnvironment(), ...options, encoding: "utf8" });
  return [stdout, stderr];
}

function execute(options: readonly string[] = []): string[] {
  return ["exec", "--pid", String(guest.pid), ...options];
}

/** The package with all that it needs, to be spoilt. */
function copyPackage(directory: string): string {
  const copy = path.join(directory, "package");
  copyPackageTo(copy);
  return copy;
}

test("what the build compiled is what this Node takes", () => {
  const program = readFileSync(path.join(REPOSITORY, "dist/cli/steps.cjs"), "latin1");
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${program}\n})`, {
    cachedData: readFileSync(compiledIn(REPOSITORY)),
  });
  assert.equal(script.cachedDataRejected, false);
});

test("a step runs whatever became of what was compiled", (t) => {
  const copy = copyPackage(makeDirectory(t));
  const compiled = compiledIn(copy);
  const whole = readFileSync(compiled);
  const start = (): unknown => runProgram(path.join(copy, "dist/cli/k8s-executor"), execute(ECHO));
  const arrived = ["arrived\n", ""];
  // V8 refuses what was compiled with other flags.
  const flagged = ["--max-old-space-size=256", path.join(copy, "dist/cli/start.cjs"), ...execute(ECHO)];
  assert.deepEqual(runProgram(process.execPath, flagged), arrived);
  for (const spoilt of [whole.subarray(0, whole.length - 8), Buffer.alloc(whole.length, 0x5a), Buffer.alloc(0)]) {
    writeFileSync(compiled, spoilt);
    assert.deepEqual(start(), arrived);
  }
  rmSync(compiled);
  assert.deepEqual(start(), arrived);
  // It is of another program then, and V8 would look at its length only.
  const program = path.join(copy, "dist/cli/start.cjs");
  writeFileSync(program, readFileSync(program, "utf8").replace(/"[0-9a-f]{16}"/, '"0123456789abcdef"'));
  writeFileSync(compiled, Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096)]));
  assert.deepEqual(start(), arrived);
});

test("a damaged installation is our failure, and told in one sentence", (t) => {
  const copy = copyPackage(makeDirectory(t));
  for (const [name, args] of [
    ["steps.cjs", execute(ECHO)],
    ["main.js", ["containers"]],
  ] as const) {
    const file = path.join(copy, "dist/cli", name);
    const whole = readFileSync(file);
    const tries = [() => writeFileSync(file, whole.subarray(0, whole.length / 2)), () => rmSync(file)];
    for (const damage of tries) {
      damage();
      const { status, stderr } = spawnSync(path.join(copy, "dist/cli/k8s-executor"), args, { encoding: "utf8" });
      assert.equal(status, 125, stderr);
      assert.match(stderr, /^k8s-executor: the installation is damaged: .*; reinstall it\n$/);
    }
  }
});

test("the launcher starts nothing of the working directory's, however it is found", (t) => {
  const directory = makeDirectory(t);
  writeFileSync(path.join(directory, "start.cjs"), "console.log('not ours');");
  const PATH = `${path.dirname(CLI)}:${process.env["PATH"] ?? ""}`;
  const options = { cwd: directory, env: { ...plainEnvironment(), PATH } };
  assert.deepEqual(runProgram("bash", ["k8s-executor", ...execute(ECHO)], options), ["arrived\n", ""]);
});

test("koffi's binary is found where only koffi can find it", (t) => {
  const copy = copyPackage(makeDirectory(t));
  const modules = path.join(copy, "node_modules");
  const store = path.join(copy, "store/node_modules");
  mkdirSync(store, { recursive: true });
  // As pnpm does it.
  for (const name of ["koffi", "@koromix"]) renameSync(path.join(modules, name), path.join(store, name));
  const native = [...execute(["--backend", "native"]), ...ECHO];
  const program = path.join(copy, "dist/cli/k8s-executor");
  assert.match(runProgram(program, native)[1], /the backend native|native does not/);
  symlinkSync(path.join(store, "koffi"), path.join(modules, "koffi"));
  assert.deepEqual(runProgram(program, native), ["arrived\n", ""]);
});

test("the command line is found by links, by PATH and by its name alone", (t) => {
  const directory = makeDirectory(t);
  const [far, near] = [path.join(directory, "far"), path.join(directory, "near -n")];
  symlinkSync(CLI, far);
  symlinkSync("far", near);
  const env = { ...plainEnvironment(), PATH: `${directory}:${process.env["PATH"]}` };
  const arrived = ["arrived\n", ""];
  const args = execute(ECHO);
  assert.deepEqual(runProgram(near, args), arrived);
  assert.deepEqual(runProgram("far", args, { env }), arrived);
  assert.deepEqual(runProgram("sh", [path.basename(CLI), ...args], { cwd: path.dirname(CLI) }), arrived);
  assert.deepEqual(runProgram("sh", ["far", ...args], { cwd: directory }), arrived);
});

test("a variable that the launcher's shell would drop arrives, with grep and without, whatever the PATH", (t) => {
  if (!canRun(t, ["unshare", "bash", "root"])) return;
  const directory = makeDirectory(t);
  const args = execute(["--env", "with.dot", "--", "/usr/bin/env"]);
  for (const [PATH, hide] of [
    [process.env["PATH"], []],
    [directory, []],
    [process.env["PATH"], hidePrograms("grep")],
  ] as const) {
    const [program = "", ...rest] = [...hide, CLI, ...args];
    const [stdout, stderr] = runProgram(program, rest, { env: { ...plainEnvironment(), PATH, "with.dot": "kept" } });
    assert.equal(stderr, "");
    assert.match(stdout, /^with\.dot=kept$/m);
    assert.doesNotMatch(stdout, /K8S_EXECUTOR_ENVIRONMENT/);
  }
});

test("Node itself reads no certificates, and a step that is to have the variable has it", (t) => {
  const directory = makeDirectory(t);
  const env = { ...plainEnvironment(), NODE_EXTRA_CA_CERTS: path.join(directory, "no such file, $HOME \n") };
  const print = ["--", "sh", "-c", 'echo "$NODE_EXTRA_CA_CERTS."'];
  // Node would warn of the file that is not there.
  for (const more of [{}, { "with.dot": "" }, { NODE_EXTRA_CA_CERTS: "" }]) {
    const all = { ...env, ...more };
    const passed = runProgram(CLI, execute(["--pass-env", "*CERTS", ...print]), { env: all });
    assert.deepEqual(passed, [`${all.NODE_EXTRA_CA_CERTS}.\n`, ""]);
  }
  assert.deepEqual(runProgram(CLI, execute(print), { env }), [".\n", ""]);
  // Nobody else's variable is taken for the launcher's.
  for (const more of [{}, { "with.dot": "" }]) {
    const none = { ...plainEnvironment(), NODE_EXTRA_CA_CERTS: undefined };
    const forged = {
      ...none,
      ...more,
      K8S_EXECUTOR_SET_ASIDE: "NODE_EXTRA_CA_CERTS",
      K8S_EXECUTOR_ASIDE_NODE_EXTRA_CA_CERTS: "forged",
    };
    assert.deepEqual(runProgram(CLI, execute(["--pass-env", "*CERTS", ...print]), { env: forged }), [".\n", ""]);
  }
});

test("what is meant for a job's Node does not reach ours", () => {
  const print = ["--pass-env", "NODE_*", "--", "sh", "-c", 'echo "$NODE_OPTIONS."'];
  for (const options of ["--require /only/in/the/container.js", "--no-such-option", ""]) {
    const env = { ...plainEnvironment(), NODE_OPTIONS: options };
    assert.deepEqual(runProgram(CLI, execute(print), { env }), [`${options}.\n`, ""]);
  }
});

test("without grep and base64, the command line runs all the same", (t) => {
  if (!canRun(t, ["unshare", "bash", "root"])) return;
  const [program = "", ...rest] = [...hidePrograms("grep", "base64"), CLI, ...execute(ECHO)];
  assert.deepEqual(runProgram(program, rest), ["arrived\n", ""]);
});

test("a step loads no module of Node that it does not use", (t) => {
  const hook = path.join(makeDirectory(t), "hook.cjs");
  writeFileSync(
    hook,
    'process.on("exit", () => require("fs").writeSync(2, process.moduleLoadList.join("\\n").replaceAll("NativeModule ", "")));',
  );
  const start = path.join(REPOSITORY, "dist/cli/start.cjs");
  const loaded = runProgram(process.execPath, ["--require", hook, start, ...execute(ECHO)])[1].split("\n");
  assert.ok(loaded.includes("net"), "the list is none of modules");
  const known = runProgram(process.execPath, ["--require", hook, "-e", "0"])[1].split("\n");
  const costly = ["child_process", "crypto", "fs/promises", "module", "perf_hooks", "internal/crypto/webcrypto", "tty"];
  assert.deepEqual(
    costly.filter((name) => loaded.includes(name) && !known.includes(name)),
    [],
  );
});
