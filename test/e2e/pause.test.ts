import assert from "node:assert/strict";
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";

import { childrenOf } from "../support/children.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

const PAUSE = path.join(REPOSITORY, `native/build/pause-${process.arch}`);
/** What names a container, and a variable that must be passed on as it is. */
type Environment = Readonly<Record<string, string>>;

function start(
  t: TestContext,
  program: string,
  args: readonly string[],
  env: Environment,
  argv0 = program,
): ChildProcess {
  const stdio: StdioOptions = ["ignore", "pipe", "pipe", "pipe"];
  const child = spawn(program, args, { argv0, env, stdio });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

function startPause(t: TestContext, args: readonly string[], env: Environment = {}): ChildProcess {
  return start(t, PAUSE, args, env, "/tools/pause");
}

/** As PID 1 of a process namespace of its own, in which the program is started first and becomes pause. */
async function startAsInit(t: TestContext, script: string): Promise<{ parent: ChildProcess; pid: number }> {
  const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const namespaces = ["--pid", "--fork", "--kill-child", "--mount-proc", ...user];
  const parent = start(t, "unshare", [...namespaces, "sh", "-c", script, PAUSE], { PATH: process.env["PATH"] ?? "" });
  await until("the namespace has its first process", () => childrenOf(parent.pid as number).length === 1);
  const pid = childrenOf(parent.pid as number)[0]?.pid ?? 0;
  return { parent, pid };
}

function lines(pid: number | undefined, file: "cmdline" | "environ"): string[] {
  return readFileSync(`/proc/${pid}/${file}`, "latin1").split("\0").slice(0, -1);
}

/** Whether it waits, and no signal waits for it. While it waits, the kernel shows none as blocked. Throws where it has ended. */
function isWaiting(pid: number | undefined): boolean {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return /^State:\tS/m.test(status) && [...status.matchAll(/^(?:Sig|Shd)Pnd:\t0+$/gm)].length === 2;
}

async function untilWaiting(pid: number | undefined, name?: string): Promise<void> {
  const isNamed = (): boolean => {
    const [program, ...args] = lines(pid, "cmdline");
    return path.basename(program ?? "").startsWith("pause") && args.join(" ") === (name ?? "");
  };
  await until("pause waits", () => isNamed() && isWaiting(pid));
}

async function endOf(child: ChildProcess): Promise<unknown[]> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [status, signal] = (await once(child, "close")) as unknown[];
  return [status, signal, said];
}

test("the container's name is on the command line, and the environment stays as it is", async (t) => {
  if (!canRun(t, ["cc"])) return;
  const OURS = "K8S_EXECUTOR_CONTAINER";
  const GOCD = "GO_K8S_CONTAINER_NAME";
  const cases: [args: string[], env: Environment, name: string | undefined][] = [
    [["maven"], { A: "b" }, "maven"],
    [["maven"], { [OURS]: "other" }, "maven"],
    [[], { A: "b", [OURS]: "node-22_a.b", HOME: "/x" }, "node-22_a.b"],
    [[], { [GOCD]: "golang" }, "golang"],
    [[], { [GOCD]: "golang", [OURS]: "maven" }, "maven"],
    [[], { [GOCD]: "golang", [OURS]: "" }, "golang"],
    [[], { A: "b" }, undefined],
    [[], {}, undefined],
  ];
  for (const [args, env, name] of cases) {
    const child = startPause(t, args, env);
    await untilWaiting(child.pid, name);
    assert.deepEqual(lines(child.pid, "cmdline"), ["/tools/pause", ...(name === undefined ? [] : [name])]);
    assert.deepEqual(
      lines(child.pid, "environ"),
      Object.entries(env).map(([variable, value]) => `${variable}=${value}`),
    );
    child.kill("SIGTERM");
    assert.deepEqual(await endOf(child), [0, null, ""]);
  }
});

const WHAT_A_NAME_IS = `give 1 to 63 letters, digits, '_', '.' or '-', the first one a letter or digit\n`;

test("arguments that cannot be right are refused in one sentence", async (t) => {
  if (!canRun(t, ["cc"])) return;
  const bad = (shown: string): string => `pause: the argument "${shown}" is no name of a container; ${WHAT_A_NAME_IS}`;
  const long = "x".repeat(64);
  const cases: [args: string[], said: string][] = [
    [[""], bad("")],
    [["-h"], bad("-h")],
    [["a b"], bad("a b")],
    [[long], bad(long)],
    [["\u001b[31mred\n"], bad("?[31mred?")],
    [["maven", "golang"], 'pause: the argument "golang" is one too many; give the container\'s name alone\n'],
  ];
  for (const [args, said] of cases) assert.deepEqual(await endOf(startPause(t, args)), [2, null, said]);
});

test("a bad name in the environment is told, and no reason not to wait, even if nobody reads", async (t) => {
  if (!canRun(t, ["cc"])) return;
  const env = { K8S_EXECUTOR_CONTAINER: "../\u001b[31m", GO_K8S_CONTAINER_NAME: "golang" };
  const child = startPause(t, [], env);
  await untilWaiting(child.pid);
  child.kill("SIGTERM");
  const said = `pause: K8S_EXECUTOR_CONTAINER "../?[31m" is no name of a container and not recorded; ${WHAT_A_NAME_IS}`;
  assert.deepEqual(await endOf(child), [0, null, said]);

  const script = 'exec 2>&3; read go <&0; exec "$0"';
  const unread = spawn("sh", ["-c", script, PAUSE], { env, stdio: ["pipe", "ignore", "ignore", "pipe"] });
  t.after(() => unread.kill("SIGKILL"));
  const [stdin, , , reader] = unread.stdio;
  reader?.destroy();
  await once(reader as NodeJS.EventEmitter, "close");
  (stdin as NodeJS.WritableStream).end("go\n");
  await untilWaiting(unread.pid);
  unread.kill("SIGTERM");
  assert.deepEqual(await once(unread, "close"), [0, null]);
});

for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1"] as const) {
  test(`${signal} ends it at once with exit status 0, as PID 1 or not`, async (t) => {
    if (!canRun(t, ["cc", "unshare"])) return;
    const child = startPause(t, []);
    await untilWaiting(child.pid);
    child.kill(signal);
    assert.deepEqual(await endOf(child), [0, null, ""]);

    const { parent, pid } = await startAsInit(t, 'exec "$0" maven');
    await untilWaiting(pid, "maven");
    process.kill(pid, signal);
    // unshare(1) ends as its child did.
    assert.deepEqual(await endOf(parent), [0, null, ""]);
  });
}

test("a signal that by default ends nobody does not end it, nor does a terminal stop it", async (t) => {
  if (!canRun(t, ["cc"])) return;
  const child = startPause(t, ["maven"]);
  await untilWaiting(child.pid, "maven");
  for (const signal of [
    "SIGCHLD",
    "SIGCONT",
    "SIGURG",
    "SIGWINCH",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGPIPE",
  ] as const) {
    child.kill(signal);
    await untilWaiting(child.pid, "maven");
  }
  child.kill("SIGTERM");
  assert.deepEqual(await endOf(child), [0, null, ""]);
});

test("as PID 1, it reaps what is orphaned, as often as it happens", async (t) => {
  if (!canRun(t, ["cc", "unshare"])) return;
  // The orphans wait for the end of descriptor 3.
  const orphan = "(sh -c 'read end <&3' &)";
  const { parent, pid } = await startAsInit(t, `${orphan}; ${orphan}; (exec 3<&-; true &); exec 3<&-; exec "$0" maven`);
  await untilWaiting(pid, "maven");
  await until("it has two children", () => childrenOf(pid).length === 2);
  parent.stdio[3]?.destroy();
  await until("it has none", () => childrenOf(pid).length === 0);
  process.kill(pid, "SIGTERM");
  assert.deepEqual(await endOf(parent), [0, null, ""]);
});

test("where /proc is not mounted, it waits without recording a name", async (t) => {
  if (!canRun(t, ["cc", "unshare", "root"])) return;
  const script = 'mount -t tmpfs none /proc && K8S_EXECUTOR_CONTAINER=maven exec "$0"';
  const child = start(t, "unshare", ["--mount", "sh", "-c", script, PAUSE], { PATH: process.env["PATH"] ?? "" });
  await untilWaiting(child.pid);
  child.kill("SIGTERM");
  const said = 'pause: cannot record the name "maven" for /proc/self/exe cannot be executed; mount /proc\n';
  assert.deepEqual(await endOf(child), [0, null, said]);
});
