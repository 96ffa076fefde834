import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { CLI, plainEnvironment } from "../support/cli.ts";
import { hidePrograms } from "../support/hide-programs.ts";
import { copyPackage, temporaryDirectory } from "../support/package-copy.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";
import { task } from "../support/worker.ts";

const ENVIRONMENT = plainEnvironment();
/** What our own Node may look at: our own variables, and where nsenter is. */
const OURS = /^(?:PATH|(?:GO|K8S)_.*|TEST_GETENV_LOG)$/;
/** What libc and the loader obey without asking getenv(3) of the program. */
const OF_LIBC = `
  GCONV_PATH GETCONF_DIR GLIBC_TUNABLES HOSTALIASES LC_CTYPE LD_BIND_NOW LD_LIBRARY_PATH LOCALDOMAIN LOCPATH
  MALLOC_ARENA_MAX MALLOC_CHECK_ MUSL_LOCPATH NLSPATH RES_OPTIONS TMPDIR TZ TZDIR
`
  .trim()
  .split(/\s+/);
/** What Node has in its documentation, beside what it asks for here. */
const OF_NODE = `
  FORCE_COLOR NODE_COMPILE_CACHE NODE_DEBUG NODE_REPL_HISTORY NODE_TLS_REJECT_UNAUTHORIZED NODE_V8_COVERAGE
  OPENSSL_MODULES SSLKEYLOGFILE SSL_CERT_DIR SSL_CERT_FILE UV_USE_IO_URING
`
  .trim()
  .split(/\s+/);

let guest: ThrowAwayGuest;
before(async () => {
  guest = await makeGuest();
});
after(() => guest.close());

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

function run(
  command: readonly string[],
  env: NodeJS.ProcessEnv = {},
  more: { cwd?: string; input?: string } = {},
): Ended {
  const [program = "", ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: { ...ENVIRONMENT, ...env },
    encoding: "utf8",
    ...more,
  });
  return { status, stdout, stderr };
}

function exec(...args: readonly string[]): string[] {
  return ["exec", "--pid", String(guest.pid), ...args];
}

/** A program in the place of Node that tells which it is. */
function fakeNode(file: string, name: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  rmSync(file, { force: true });
  writeFileSync(file, `#!/bin/sh\necho "${name}"\n`, { mode: 0o755 });
}

test("our own Node finds nothing of the job's whatever it asks for, and the step has all of it", (t) => {
  if (!canRun(t, ["cc", "nsenter", "root"])) return;
  const directory = temporaryDirectory(t);
  const logger = path.join(directory, "getenv.so");
  const source = path.join(REPOSITORY, "test/support/getenv.c");
  execFileSync("cc", ["-shared", "-fPIC", "-Wall", "-Werror", "-o", logger, source]);
  const copy = path.join(directory, "package");
  copyPackage(copy);
  const node = path.join(copy, "dist/cli/node");
  const log = path.join(directory, "log");
  rmSync(node);
  const logging = `LD_PRELOAD=${logger} TEST_GETENV_LOG=${log} exec ${process.execPath} "$@"`;
  writeFileSync(node, `#!/bin/sh\n${logging}\n`, { mode: 0o755 });
  const cli = path.join(copy, "dist/cli/k8s-executor");
  const request = JSON.stringify({ id: 1, request: "execute", body: task("echo done") });
  const askAll = (env: NodeJS.ProcessEnv): string[] => {
    rmSync(log, { force: true });
    for (const backend of ["native", "helper", "nsenter"]) {
      const { stdout, stderr } = run([cli, ...exec("--backend", backend, "echo", "done")], env);
      assert.deepEqual([stdout, stderr.replace(/^k8s-executor: warning: .*\n/, "")], ["done\n", ""], backend);
    }
    const { stdout, stderr } = run([cli, "worker", "--pid", String(guest.pid)], env, { input: `${request}\n` });
    assert.match(stdout, /"success":true/);
    assert.equal(stderr, "");
    run([cli, "doctor", "--pid", String(guest.pid)], env);
    return [...new Set(readFileSync(log, "utf8").trimEnd().split("\n"))];
  };
  const asked = askAll({}).map((line) => line.replace(/=.*/, ""));
  assert.ok(asked.includes("NODE_OPTIONS") && asked.includes("HOME"), asked.join(" "));
  const names = [...new Set([...asked.filter((name) => !OURS.test(name)), ...OF_LIBC, ...OF_NODE])];
  const job = Object.fromEntries(names.map((name) => [name, '/the/job\'s "own" $HOME']));
  assert.deepEqual(
    askAll(job).filter((line) => line.includes("job's")),
    [],
  );
  const { stdout } = run([cli, ...exec("--pass-env", "*", "cat", "/proc/self/environ")], job);
  const step = new Set(stdout.split("\0"));
  assert.deepEqual(
    Object.entries(job).filter(([name, value]) => !step.has(`${name}=${value}`)),
    [],
  );
  // What libc looks at without being asked shows in the environment only.
  writeFileSync(node, "#!/bin/sh\nexec cat /proc/self/environ\n");
  const own = run([cli, "exec"], job).stdout.split("\0");
  assert.ok(own.length > names.length);
  assert.deepEqual(
    own.filter((entry) => names.includes(entry.replace(/=[^]*/, ""))),
    [],
  );
});

test("NODE_DEBUG of a job does not print what is masked", (t) => {
  if (!canRun(t, ["nsenter", "root"])) return;
  const job = { GO_JOB_NAME: "job", NODE_DEBUG: "child_process", SECRET: "a masked value" };
  const step = ["--backend", "nsenter", "--mask", "SECRET", "--script", 'echo "$SECRET $NODE_DEBUG"'];
  const { stdout, stderr } = run([CLI, "run", "--pid", String(guest.pid), ...step], job);
  assert.equal(stdout, "****** child_process\n");
  assert.doesNotMatch(stderr, /a masked value/);
});

test("a line of a value that looks like a variable changes nothing", () => {
  const value = "1\nexport NODE_FORGED=2\nNODE_OPTIONS=3\n";
  const job = { PLAIN: value, NODE_PLAIN: value, NODE_OPTIONS: undefined, NODE_TEST_CONTEXT: undefined };
  const { stdout } = run([CLI, ...exec("--pass-env", "*", "cat", "/proc/self/environ")], job);
  const step = stdout.split("\0").filter((entry) => /^(?:PLAIN|NODE_(?!EXTRA))/.test(entry));
  assert.deepEqual(step.toSorted(), [`NODE_PLAIN=${value}`, `PLAIN=${value}`]);
});

test("variables with the names of the launcher's own reach the step unchanged", () => {
  const names = "main here field value line name node directory".split(" ");
  const job = Object.fromEntries(names.map((name) => [name, `the job's ${name}`]));
  const { stdout } = run([CLI, ...exec("--pass-env", "*", "cat", "/proc/self/environ")], job);
  const step = stdout.split("\0").filter((entry) => names.includes(entry.replace(/=[^]*/, "")));
  assert.deepEqual(step.toSorted(), names.map((name) => `${name}=the job's ${name}`).toSorted());
});

test("variables that use the launcher's names are not taken for its own", () => {
  const forged = {
    K8S_EXECUTOR_ENVIRONMENT: "9",
    K8S_EXECUTOR_SET_ASIDE: "FORGED",
    K8S_EXECUTOR_ASIDE_FORGED: "forged",
    K8S_EXECUTOR_IGNORED_SIGNALS: "ffffffffffffffff",
  };
  for (const more of [{}, { "with.dot": "" }]) {
    const { stdout, stderr } = run([CLI, ...exec("--pass-env", "*", "env")], { ...forged, ...more });
    assert.equal(stderr, "");
    assert.doesNotMatch(stdout, /^(?:FORGED|K8S_EXECUTOR_(?:ENVIRONMENT|SET_ASIDE|IGNORED))/m);
  }
});

test("a PATH without node, readlink and nsenter is the step's, and nothing of ours is looked for in it", (t) => {
  if (!canRun(t, ["nsenter", "root"])) return;
  const directory = temporaryDirectory(t);
  const link = path.join(directory, "k8s-executor");
  symlinkSync(CLI, link);
  const job = { GO_JOB_NAME: "job", PATH: path.join(directory, "empty") };
  for (const backend of ["native", "nsenter"]) {
    const args = exec("--quiet", "--no-job-env", "--backend", backend, "echo", "arrived");
    assert.deepEqual(run([link, ...args], job), { status: 0, stdout: "arrived\n", stderr: "" });
  }
  // The program is looked for in the job's PATH, and that is what the message is about.
  const { status, stderr } = run([link, ...exec("--quiet", "echo")], job);
  assert.equal(status, 127);
  assert.match(stderr, /^k8s-executor: the program "echo" was not found in the container/);
});

test("our own Node is the recorded one, else npm's, else one of the PATH, else one of the usual places", (t) => {
  if (!canRun(t, ["unshare", "bash", "root"])) return;
  const directory = temporaryDirectory(t);
  const prefix = path.join(directory, "prefix");
  const copy = path.join(prefix, "lib/node_modules/k8s-executor");
  copyPackage(copy);
  const recorded = path.join(copy, "dist/cli/node");
  const npms = path.join(prefix, "bin/node");
  const ofPath = path.join(directory, "path/node");
  fakeNode(path.join(directory, "elsewhere/node"), "recorded");
  rmSync(recorded);
  symlinkSync(path.join(directory, "elsewhere/node"), recorded);
  fakeNode(npms, "npm's");
  fakeNode(ofPath, "the PATH's");
  fakeNode(path.join(directory, "relative/node"), "the working directory's");
  const link = path.join(prefix, "bin/k8s-executor");
  symlinkSync("../lib/node_modules/k8s-executor/dist/cli/k8s-executor", link);
  // The directories that are none in between, a directory called node among them.
  mkdirSync(path.join(directory, "odd/node"), { recursive: true });
  const PATH = `relative::.:${path.join(directory, "odd")}:${path.dirname(ofPath)}`;
  const chosen = (): string => run([link, "--version"], { PATH }, { cwd: directory }).stdout.trim();
  assert.equal(chosen(), "recorded");
  // Its link leads nowhere.
  rmSync(path.join(directory, "elsewhere"), { recursive: true });
  assert.equal(chosen(), "npm's");
  rmSync(npms);
  assert.equal(chosen(), "the PATH's");
  rmSync(ofPath);
  const { version } = JSON.parse(readFileSync(path.join(REPOSITORY, "package.json"), "utf8")) as { version: string };
  assert.equal(chosen(), version);
  const { status, stdout, stderr } = run([...hidePrograms("node"), link, "--version"], {
    PATH: `${PATH}:/usr/bin:/bin`,
  });
  assert.deepEqual([status, stdout], [125, ""]);
  assert.match(
    stderr,
    /^k8s-executor: the Node that runs k8s-executor itself was not found: .*; install Node 20 or newer, or run .*\n$/,
  );
});

test("a Node that cannot be started or is too old is told in a sentence, with the exit status 125", (t) => {
  if (!canRun(t, ["bash", "busybox"])) return;
  const directory = temporaryDirectory(t);
  const copy = path.join(directory, "package");
  copyPackage(copy);
  const cli = path.join(copy, "dist/cli/k8s-executor");
  const node = path.join(copy, "dist/cli/node");
  rmSync(node);
  writeFileSync(node, "#!/no/such/interpreter\n", { mode: 0o755 });
  for (const shell of [["sh"], ["bash"], ["busybox", "sh"]]) {
    const { status, stderr } = run([...shell, cli, ...exec("true")]);
    assert.equal(status, 125, shell.join(" "));
    assert.match(
      stderr,
      /^k8s-executor: the Node that runs k8s-executor itself, .*\/dist\/cli\/node, cannot be started; [^\n]*\n$/m,
    );
  }
  const hook = path.join(directory, "old.cjs");
  writeFileSync(
    hook,
    'for (const [name, value] of [["versions", { ...process.versions, node: "18.20.4" }], ["version", "v18.20.4"]])' +
      " Object.defineProperty(process, name, { value });",
  );
  const start = path.join(copy, "dist/cli/start.cjs");
  const { status, stderr } = run([process.execPath, "--require", hook, start, ...exec("true")]);
  assert.equal(status, 125);
  assert.match(
    stderr,
    /^k8s-executor: the Node that runs k8s-executor itself, .*, is v18\.20\.4 and too old; install Node 20 or newer, or [^\n]*\n$/,
  );
});

test("compile.cjs records the Node that runs it", (t) => {
  const copy = path.join(temporaryDirectory(t), "package");
  copyPackage(copy);
  const node = path.join(copy, "dist/cli/node");
  rmSync(node);
  assert.equal(run([process.execPath, path.join(copy, "dist/cli/compile.cjs")]).status, 0);
  assert.equal(execFileSync("readlink", [node], { encoding: "utf8" }).trim(), process.execPath);
});

test("nsenter is not taken from the working directory", (t) => {
  if (!canRun(t, ["nsenter", "root"])) return;
  const directory = temporaryDirectory(t);
  mkdirSync(path.join(directory, "tools"));
  const forged = "#!/bin/sh\necho util-linux 2.40 -m, -u, -i, -n, -p, -C, -T, -U forged\n";
  writeFileSync(path.join(directory, "tools/nsenter"), forged, { mode: 0o755 });
  const args = exec("--backend", "nsenter", "echo", "arrived");
  const { status, stdout } = run([CLI, ...args], { PATH: `tools:${ENVIRONMENT["PATH"]}` }, { cwd: directory });
  assert.deepEqual([status, stdout], [0, "arrived\n"]);
});
