import assert from "node:assert/strict";
import { execFileSync, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import type { Writable } from "node:stream";
import { after, before, test } from "node:test";

import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { processesWith } from "../support/processes.ts";
import { childrenOf, keepersOf } from "../support/children.ts";
import { CLI, cli, finished, plainEnvironment, startCli, type CliResult } from "../support/cli.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

let guest: ThrowAwayGuest;
let pid: string[];
before(async () => {
  guest = await makeGuest();
  pid = ["--pid", String(guest.pid)];
});
after(() => guest.close());

test("run: the script's output and exit status are ours", async () => {
  const result = await cli(["run", ...pid, "--script", "echo out; echo err >&2; exit 7"]);
  assert.deepEqual(result, { status: 7, signal: null, stdout: "out\n", stderr: "err\n" });
});

test("run: a script from a file and from stdin", async () => {
  const file = path.join(guest.sharedRoot, "script");
  writeFileSync(file, "echo from a file\r\n");
  assert.equal((await cli(["run", ...pid, file])).stdout, "from a file\n");
  const child = startCli(["run", ...pid, "-"], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin?.end("echo from stdin; cat");
  const { stdout, status } = await finished(child);
  assert.deepEqual([stdout, status], ["from stdin\n", 0]);
});

test("exec: a program with its arguments, and stdin when asked for", async () => {
  assert.equal((await cli(["exec", ...pid, "--", "printf", "[%s]", "--pid", "a b"])).stdout, "[--pid][a b]");
  for (const [flags, expected] of [
    [["--stdin"], "given"],
    [[], ""],
  ] as const) {
    const child = startCli(["exec", ...pid, ...flags, "--", "cat"], { stdio: ["pipe", "pipe", "pipe"] });
    child.stdin?.on("error", () => undefined).end("given");
    assert.equal((await finished(child)).stdout, expected);
  }
});

test("exec: the program ends our options, as for docker exec", async () => {
  for (const between of [[], ["--"], ["--verbose", "--timeout", "10s", "--json=/dev/null", "--timeout=9s"]]) {
    const { status, stdout } = await cli(["exec", ...pid, ...between, "echo", "-n", "--pid", "--json", "--", "x"]);
    assert.deepEqual([status, stdout], [0, "--pid --json -- x"]);
  }
  // A file of the agent's that a program's own option names stays as it is.
  const file = path.join(guest.sharedRoot, "report.json");
  writeFileSync(file, "mine");
  assert.equal((await cli(["exec", ...pid, "sh", "-c", "echo $*", "x", `--json=${file}`])).stdout, `--json=${file}\n`);
  assert.equal(readFileSync(file, "utf8"), "mine");
});

test("the variables that the agent's Pod sets are the defaults", async () => {
  mkdirSync(path.join(guest.sharedRoot, "pipelines/build"), { recursive: true });
  const env = {
    ...plainEnvironment(),
    GO_K8S_CONTAINER_PID: String(guest.pid),
    GO_K8S_CONTAINER_SHARED_ROOT: guest.sharedRoot,
    GO_K8S_CONTAINER_ROOT: guest.containerRoot,
  };
  const cwd = path.join(guest.sharedRoot, "pipelines/build");
  const { stdout } = await cli(["run", "--script", 'pwd; dirname "$0"'], { env, cwd });
  assert.equal(stdout, "/work/pipelines/build\n/work\n");
});

test("--env, --env alone and --env-file", async () => {
  const file = path.join(guest.sharedRoot, "variables");
  writeFileSync(file, '# a comment\n\nFROM_FILE="kept as it is" $x\nBOTH=file\nOURS\nNOT_SET\n');
  const env = { ...plainEnvironment(), OURS: "ours", ALONE: "alone" };
  const script = 'echo "$FROM_FILE|$BOTH|$OURS|$ALONE|${NOT_SET-unset}|${HOME}"';
  const options = ["--env", "BOTH=option", "--env", "ALONE", "--env-file", file];
  const { stdout } = await cli(["run", ...pid, ...options, "--script", script], { env });
  assert.equal(stdout, '"kept as it is" $x|option|ours|alone|unset|/root\n');
});

test("exit statuses: 128+n for a signal, 124 for a timeout, 126, 127", async () => {
  const statusOf = async (...args: string[]): Promise<number | null> => (await cli(args)).status;
  assert.equal(await statusOf("run", ...pid, "--script", "kill -9 $$"), 137);
  assert.equal(await statusOf("run", ...pid, "--timeout", "100ms", "--script", "exec sleep 100"), 124);
  assert.equal(await statusOf("exec", ...pid, "--", "/etc/passwd"), 126);
  assert.equal(await statusOf("exec", ...pid, "--", "no-such-program"), 127);
  assert.equal(await statusOf("run", ...pid, "--shell", "fish", "--script", ":"), 127);
});

test("--json writes one line to descriptor 3 or a file, and leaves the output alone", async () => {
  const child = startCli(["run", ...pid, "--json", "--script", "echo out; exit 3"], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  let line = "";
  child.stdio[3]?.on("data", (chunk: Buffer) => (line += chunk.toString()));
  assert.equal((await finished(child)).stdout, "out\n");
  const result = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual([result["outcome"], result["exitCode"], result["backend"]], ["exited", 3, "native"]);

  const file = path.join(guest.sharedRoot, "result.json");
  await cli(["exec", ...pid, `--json=${file}`, "--", "no-such-program"]);
  const failure = JSON.parse(readFileSync(file, "utf8")) as { exitStatus: number; error: { code: string } };
  assert.deepEqual([failure.exitStatus, failure.error.code], [127, "COMMAND_NOT_FOUND"]);

  const closed = await cli(["exec", ...pid, "--json", "--", "true"]);
  assert.deepEqual([closed.status, closed.stdout], [125, ""]);
  assert.match(closed.stderr, /descriptor 3, which is not open/);
});

test("--user, --groups and --privileged", async (t) => {
  if (!canRun(t, ["root"])) return;
  const as = async (...options: string[]): Promise<CliResult> => cli(["exec", ...pid, ...options, "--", "id"]);
  assert.equal((await as("--user", "builder")).stdout, "uid=1000(builder) gid=1000(builder) groups=1000(builder)\n");
  assert.equal(
    (await as("--user", "5:7", "--groups", "root,9")).stdout.replaceAll(/\(\w+\)/g, ""),
    "uid=5 gid=7 groups=7,0,9\n",
  );
  const privileged = await as("--privileged");
  assert.deepEqual(
    [privileged.status, privileged.stderr],
    [0, "k8s-executor: warning: a step that is root keeps the agent's capabilities (--privileged)\n"],
  );
  const unknown = await as("--user", "nobody-here");
  assert.equal(unknown.status, 125);
  assert.match(unknown.stderr, /^k8s-executor: the container has no user "nobody-here"; name one of its .*\n$/);
});

test("signals are passed to the script's process group, and escalated", async () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const script = `trap 'echo got it; exit 5' ${signal.slice(3)}; echo ready; while :; do sleep 0.01; done`;
    const child = startCli(["run", ...pid, "--script", script]);
    const end = finished(child);
    await once(child.stdout as NonNullable<typeof child.stdout>, "data");
    child.kill(signal);
    const { stdout, status } = await end;
    assert.deepEqual([stdout, status], ["ready\ngot it\n", 5]);
  }
  const stubborn = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
  const child = startCli(["run", ...pid, "--kill-after", "100ms", "--script", stubborn]);
  const end = finished(child);
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  child.kill("SIGTERM");
  assert.equal((await end).status, 137);
});

test("a reader that leaves ends the script as in a pipeline", async () => {
  const child = startCli(["exec", ...pid, "--", "yes"]);
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  child.stdout?.destroy();
  const [status] = (await once(child, "exit")) as [number];
  assert.equal(status, 128 + 13);
});

test("a slow reader loses nothing, and a stopped one does not stop signals", async () => {
  const script = "trap 'exit 6' TERM; head -c 3000000 /dev/zero | tr '\\0' x; while :; do sleep 0.01; done";
  const child = startCli(["run", ...pid, "--script", script]);
  let length = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length === 3_000_000) child.kill("SIGTERM");
  });
  const [status] = (await once(child, "exit")) as [number];
  assert.deepEqual([status, length], [6, 3_000_000]);

  const stopped = startCli(["exec", ...pid, "--kill-after", "1s", "--", "yes"]);
  await once(stopped.stdout as NonNullable<typeof stopped.stdout>, "data");
  stopped.stdout?.pause();
  stopped.kill("SIGTERM");
  stopped.stdout?.resume();
  assert.equal(((await once(stopped, "exit")) as [number])[0], 143);
});

test("a reader that never reads does not outlive a timeout or a signal", async () => {
  const fifo = path.join(guest.sharedRoot, "never-read");
  execFileSync("mkfifo", [fifo]);
  // Open for both, so that it has a reader, who does not read.
  const stdout = openSync(fifo, constants.O_RDWR);
  try {
    const options = { stdio: ["ignore", stdout, "pipe"] as StdioOptions };
    const yes = ["--kill-after", "100ms", "--", "yes"];
    const timedOut = await cli(["exec", ...pid, "--timeout", "300ms", ...yes], options);
    assert.equal(timedOut.status, 124);
    const child = startCli(["exec", ...pid, ...yes], options);
    const ended = finished(child);
    // The helper that connect() starts for a try has no child.
    const runs = (): boolean => keepersOf(child.pid ?? 0).some((keeper) => childrenOf(keeper).length > 0);
    await until("the step runs", runs);
    child.kill("SIGTERM");
    assert.equal((await ended).status, 143);
  } finally {
    closeSync(stdout);
  }
});

test("a reader that never reads a socket or a terminal does not outlive a timeout", async (t) => {
  const timeout = ["exec", ...pid, "--timeout", "300ms", "--kill-after", "100ms", "--", "yes"];
  // Its streams are sockets, and nothing of them is read.
  const child = startCli(timeout);
  assert.equal(((await once(child, "exit")) as [number])[0], 124);
  if (!canRun(t, ["script"])) return;
  // By an argument of its own it is told from the shell and from script(1), which goes on.
  const mark = `MARK=${process.pid}`;
  const [command = "", ...options] = timeout;
  const marked = [`'${CLI}'`, command, "--env", mark, ...options].join(" ");
  const terminal = spawn("script", ["-qc", marked, "/dev/null"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: plainEnvironment(),
  });
  const runs = (): boolean => processesWith(mark).some((one) => keepersOf(one).length > 0);
  await until("the step runs", runs);
  await until("the command line has ended", () => processesWith(mark).length === 0);
  terminal.kill("SIGKILL");
});

test("a background process that keeps the output open keeps the command line as little as the library", async () => {
  for (const stdout of ["pipe", openSync("/dev/null", "w")] as const) {
    const script = 'sleep 1000 & echo $! > "$PIDFILE"';
    const file = path.join(guest.sharedRoot, "background");
    const env = ["--env", `PIDFILE=${guest.containerRoot}/background`];
    const { status } = await cli(["run", ...pid, ...env, "--script", script], { stdio: ["ignore", stdout, "pipe"] });
    assert.equal(status, 0);
    // Killing it fails where it has ended, and with it the wait.
    await cli(["exec", ...pid, "--", "kill", readFileSync(file, "utf8").trim()]).then((kill) =>
      assert.deepEqual([kill.status, kill.stderr], [0, ""]),
    );
    if (stdout !== "pipe") closeSync(stdout);
  }
});

test("a signal after the script's end ends the wait for a reader that does not read", async () => {
  const file = path.join(guest.sharedRoot, "ended");
  const script = `seq 1 115000; echo > ${guest.containerRoot}/ended`;
  const child = startCli(["run", ...pid, "--script", script]);
  // At most what passes its output on is left: there is more than our end holds, and less than all pipes on the way.
  const isPassedOn = (helper: number): boolean => childrenOf(helper).length <= 1;
  await until("the script has ended", () => existsSync(file) && keepersOf(child.pid ?? 0).every(isPassedOn));
  child.kill("SIGTERM");
  // Not the script's own status, for some of what it said was lost.
  assert.equal(((await once(child, "exit")) as [number])[0], 143);
});

test("a reader that is slow to begin gets everything", async () => {
  const expected = execFileSync("sh", ["-c", "seq 1 200000 | cksum"], { encoding: "utf8" });
  // A real pipe between the two, as in a shell; child_process would make a socket.
  const pipeline = `'${CLI}' run ${pid.join(" ")} --script 'seq 1 200000; exit 3' | { sleep 0.5; cksum; }`;
  assert.equal(execFileSync("sh", ["-c", pipeline], { encoding: "utf8", env: plainEnvironment() }), expected);
  const nonBlocking = `'${process.execPath}' -e 'process.stdout; require("child_process").spawnSync(process.argv[1], process.argv.slice(2), { stdio: "inherit" })' '${CLI}' run ${pid.join(" ")} --script 'seq 1 200000' | { sleep 0.5; cksum; }`;
  assert.equal(execFileSync("sh", ["-c", nonBlocking], { encoding: "utf8", env: plainEnvironment() }), expected);
});

test("output that cannot be written is our failure, not the script's success", async () => {
  const full = openSync("/dev/full", "w");
  const result = await cli(["run", ...pid, "--script", "echo lost; exit 0"], { stdio: ["ignore", full, "pipe"] });
  closeSync(full);
  assert.equal(result.status, 125);
  assert.match(result.stderr, /^k8s-executor: the output of the step cannot be written to descriptor 1 \(ENOSPC\)/);
  for (const backend of ["native", "helper", "nsenter"]) {
    const sink = openSync("/dev/full", "w");
    const shared = ["--shared-root", guest.sharedRoot, "--container-root", guest.containerRoot, "--backend", backend];
    const script = "echo x; exec sleep 1000";
    const ended = await cli(["run", ...pid, ...shared, "--script", script], { stdio: ["ignore", sink, "pipe"] });
    closeSync(sink);
    assert.equal(ended.status, 125);
    assert.deepEqual(
      readdirSync(guest.sharedRoot).filter((name) => name.endsWith(".sh")),
      [],
    );
  }
});

test("odd ends: a real-time signal, a removed working directory, a JSON result that cannot be written", async () => {
  assert.equal((await cli(["run", ...pid, "--shell", "bash", "--script", "kill -34 $$"])).status, 162);
  const shared = ["--shared-root", guest.sharedRoot, "--container-root", guest.containerRoot];
  const removed = `mkdir -p '${guest.sharedRoot}/gone' && cd '${guest.sharedRoot}/gone' && rmdir ../gone && exec '${CLI}' run ${[...pid, ...shared].join(" ")} --script pwd`;
  assert.equal(execFileSync("sh", ["-c", removed], { encoding: "utf8", env: plainEnvironment() }), "/root\n");
  // A link leads to the shared root: our directory is below it all the same.
  const link = path.join(path.dirname(guest.sharedRoot), "link");
  symlinkSync(guest.sharedRoot, link);
  mkdirSync(path.join(guest.sharedRoot, "below"));
  const linked = ["--shared-root", link, "--container-root", guest.containerRoot, "--script", "pwd"];
  const below = await cli(["run", ...pid, ...linked], { cwd: path.join(link, "below") });
  assert.equal(below.stdout, `${guest.containerRoot}/below\n`);
  const { status, stderr } = await cli(["run", ...pid, "--json=/dev/full", "--script", "exit 4"]);
  assert.deepEqual([status, stderr], [4, "k8s-executor: the JSON result cannot be written (ENOSPC)\n"]);
  const file = path.join(guest.sharedRoot, "usage.json");
  await cli(["run", "--pid", "many", `--json=${file}`]);
  assert.match(readFileSync(file, "utf8"), /"outcome":"error","exitStatus":125,"error":\{"code":"INVALID_OPTION"/);
});

test("bad command lines: one sentence on stderr, status 125, nothing on stdout", async () => {
  const missing = path.join(guest.sharedRoot, "missing");
  const binary = path.join(guest.sharedRoot, "binary");
  writeFileSync(binary, Buffer.from("A=\xff", "latin1"));
  const bad: [string[], RegExp][] = [
    [[], /no command is given; give one of run, exec, shell, .*worker; see k8s-executor --help/],
    [["dance"], /the command "dance" is unknown/],
    [
      ["run", "--container", "no-such-one", "--script", ":"],
      /no container is called "no-such-one"; .* there are: .*pid \d+/,
    ],
    [["run", ...pid, "--container", "one", "--script", ":"], /both --pid and --container are given/],
    [["run", ...pid, "--probe", "true", "--script", ":"], /--probe is given without --wait; add --wait 60s/],
    [
      ["run", ...pid, "--wait", "1s", "--probe", "[1]", "--script", ":"],
      /--probe "\[1\]" is no list of strings in JSON/,
    ],
    [
      ["run", ...pid, "--wait", "1s", "--probe", '["true", -q]', "--script", ":"],
      /--probe .* is no list of strings in JSON/,
    ],
    [["run", ...pid, "--wait", "soon", "--script", ":"], /--wait "soon" is no duration/],
    [["run", ...pid, "--config", missing, "--script", ":"], /the configuration ".*missing" cannot be read \(ENOENT\)/],
    [["containers", "all"], /containers takes options only, and "all" is none/],
    [["run", "--pid", "many", "--script", ":"], /--pid "many" is not a process id/],
    [["run", "--pid", "0", "--script", ":"], /pid 0 is not a process id/],
    [["run", "--pid", "4194305", "--script", ":"], /no process has pid 4194305/],
    [["run", "--pid", String(process.pid), "--script", ":"], /is in this process's own container/],
    [["run", ...pid], /no script is given/],
    [["run", ...pid, "--script", " "], /the script is empty/],
    [["run", ...pid, "--script", ":", "file"], /both --script and a script file/],
    [["run", ...pid, missing], /the script file ".*missing" cannot be read \(ENOENT\)/],
    [["run", ...pid, "a", "b"], /"b" is a second argument/],
    [["run", ...pid, "--stdin", "-"], /both want stdin/],
    [["exec", ...pid], /no program is given/],
    [["exec", ...pid, "--shell", "sh", "--", "true"], /--shell "sh" is for scripts/],
    [["run", ...pid, "--timeout", "soon", "--script", ":"], /--timeout "soon" is no duration/],
    [["run", ...pid, "--timeout", "99999h", "--script", ":"], /--timeout "99999h" is no duration/],
    [["run", ...pid, "--backend", "docker", "--script", ":"], /the backend "docker" is unknown/],
    [["run", ...pid, "--transport", "mail", "--script", ":"], /the transport "mail" is unknown/],
    [["run", ...pid, "--no-such-option"], /the option --no-such-option is unknown; see k8s-executor --help/],
    [["run", ...pid, "-x"], /the option -x is unknown/],
    [["run", "--script", ":", "--pid"], /--pid needs a value/],
    [["run", "--script", ":", "--pid", "-5"], /--pid is followed by "-5", which looks like an option; write --pid=-5/],
    [["run", "--script", ":", "--pid=-5"], /--pid "-5" is not a process id/],
    [["run", ...pid, "--verbose=yes", "--script", ":"], /--verbose takes no value/],
    [["run", ...pid, "--json=", "--script", ":"], /--json= names no file/],
    [["run", ...pid, "--script", "--json"], /--script is followed by "--json", which looks like an option/],
    [["run", ...pid, "--json-on-3", "--script", ":"], /the option --json-on-3 is unknown/],
    [["run", ...pid, ""], /the script file "" cannot be read/],
    [["run", ...pid, "--env", "", "--script", ":"], /has no name/],
    [
      ["run", ...pid, "--env-file", binary, "--script", ":"],
      /the environment file ".*binary" is not UTF-8; convert it/,
    ],
    [["run", ...pid, "--cwd", "", "--script", ":"], /the working directory is empty/],
    [["run", ...pid, "--groups", "1,,2", "--script", ":"], /the container has no group ""/],
    [["run", ...pid, "--env", "=x", "--script", ":"], /has no name/],
    [["run", ...pid, "--env-file", missing, "--script", ":"], /the environment file .* cannot be read \(ENOENT\)/],
    [["run", ...pid, "--shared-root", missing, "--script", ":"], /the shared root .*missing does not exist/],
    [
      ["run", ...pid, "--shared-root", "/etc/passwd", "--script", ":"],
      /the shared root \/etc\/passwd is not a directory/,
    ],
    [["run", ...pid, "--shared-root", "work", "--script", ":"], /the shared root "work" is not an absolute path/],
    [["run", ...pid, "--container-root", "/x", "--script", ":"], /a container root is given without a shared root/],
    [["run", ...pid, "--cwd", "/missing", "--script", ":"], /the working directory "\/missing" does not exist/],
  ];
  for (const [args, message] of bad) {
    const { status, stdout, stderr } = await cli(args);
    assert.deepEqual([status, stdout], [125, ""], `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
    assert.match(stderr, /^k8s-executor: [^\n]+\n$/);
  }
  assert.deepEqual(
    readdirSync(guest.sharedRoot).filter((name) => name.endsWith(".sh")),
    [],
  );
});

test("--help, --version and --verbose", async () => {
  for (const args of [["--help"], ["run", "--help"], ["exec", "-h"]]) {
    const { status, stdout } = await cli(args);
    assert.equal(status, 0);
    assert.match(stdout, /k8s-executor run {2}\[options\]/);
  }
  assert.match((await cli(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
  const { stderr, stdout } = await cli(["exec", ...pid, "--verbose", "--backend", "nsenter", "--", "true"]);
  assert.equal(stdout, "");
  assert.match(stderr, /entering the container of process \d+ by nsenter \(asked for by name\)/);
  assert.match(stderr, /note: the script keeps the agent's capabilities/);
});

test("a secret in a variable is on no command line", async () => {
  const env = { ...plainEnvironment(), SECRET: "hunter2-in-a-variable" };
  const child = startCli(["run", ...pid, "--env", "SECRET", "--script", "echo ready; cat"], {
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stdin = child.stdin as Writable;
  const end = finished(child);
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    let command = "";
    try {
      command = readFileSync(`/proc/${name}/cmdline`, "utf8");
    } catch {
      continue; // it has just ended
    }
    assert.doesNotMatch(command, /hunter2/);
  }
  stdin.end();
  assert.equal((await end).status, 0);
});
