import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { isAlive } from "../support/children.ts";
import { cli, plainEnvironment, startCli } from "../support/cli.ts";
import { BACKENDS, withGuest } from "../support/contract.ts";
import { processesOf, processesWith } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { connectTo, endOf, startSocketWorker, startWorker, task, type Message } from "../support/worker.ts";

let guest: ThrowAwayGuest;
let options: string[];
before(async () => {
  guest = await makeGuest();
  mkdirSync(path.join(guest.sharedRoot, "pipelines/web"), { recursive: true });
  options = optionsOf(guest);
});
after(() => guest.close());

function optionsOf({ pid, sharedRoot, containerRoot }: ThrowAwayGuest): string[] {
  return ["--pid", String(pid), "--shared-root", sharedRoot, "--container-root", containerRoot];
}

function socketPath(name: string): string {
  return path.join(guest.sharedRoot, `${name}.sock`);
}

const SUCCESS = { success: true, message: "the script ended with exit status 0" };
const CANCELED = { success: false, message: "the script was cancelled" };

function textOf(console: readonly Message[], stream: string): string {
  return console
    .filter((message) => message["stream"] === stream)
    .map((message) => `${String(message["line"])}${message["partial"] === true ? "" : "\n"}`)
    .join("");
}

/** A time for sleep(1) that no other process has, to find it by. */
let lastSleep = 7_000_000 + process.pid;
function uniqueSleep(): string {
  return String(++lastSleep);
}

for (const backend of BACKENDS) {
  test(`${backend}: tasks run, several at once, and are cancelled`, async () => {
    const { child, client } = startWorker([...options, "--backend", backend]);
    const first = await client.run(1, 'echo "$A" >&2; exit 3', { A: "quote ' \" and\nnewline", "a.b-c": "x" });
    assert.equal(textOf(first.console, "stderr"), "quote ' \" and\nnewline\n");
    assert.deepEqual(first.answer["response"], { success: false, message: "the script ended with exit status 3" });
    const killed = await client.run(2, "kill -9 $$");
    assert.deepEqual(killed.answer["response"], { success: false, message: "the script was killed by SIGKILL" });

    // The first waits for what the second writes.
    client.execute("a", "until [ -e /work/together ]; do sleep 0.01; done; rm /work/together; echo a");
    const second = await client.run("b", "touch /work/together");
    assert.deepEqual(second.answer["response"], SUCCESS);
    assert.equal(textOf((await client.untilAnswer("a")).console, "stdout"), "a\n");

    const seconds = uniqueSleep();
    client.execute("c", `echo ready; sleep ${seconds} & wait`);
    assert.deepEqual(await client.next(), { id: "c", stream: "stdout", line: "ready" });
    client.send({ id: "d", request: "cancel", body: { id: "c" } });
    assert.deepEqual(await client.next(), { id: "d", response: { canceled: true } });
    assert.deepEqual(await client.next(), { id: "c", response: CANCELED });
    assert.deepEqual(processesOf("sleep", seconds), []);
    client.input.end();
    assert.deepEqual([await client.next(), await endOf(child)], [undefined, 0]);
  });
}

test("the end of stdin lets running tasks end, and the worker after them", async () => {
  const { child, client } = startWorker(options);
  client.execute(1, "until [ -e /work/go-on ]; do sleep 0.01; done; echo done");
  client.execute(2, "echo second");
  client.input.end();
  assert.deepEqual((await client.untilAnswer(2)).answer["response"], SUCCESS);
  writeFileSync(path.join(guest.sharedRoot, "go-on"), "");
  const { console, answer } = await client.untilAnswer(1);
  assert.deepEqual([textOf(console, "stdout"), answer["response"]], ["done\n", SUCCESS]);
  assert.deepEqual([await client.next(), await endOf(child)], [undefined, 0]);
});

test("a reader of stdout that goes ends the tasks at their next line, and the worker", async () => {
  const { child, client } = startWorker(options);
  const seconds = uniqueSleep();
  // A FIFO, so that the script goes on when we say so.
  await client.run(1, "mkfifo /work/pipe");
  client.execute(2, `echo ready; read x < /work/pipe; echo more; sleep ${seconds}`);
  await client.next();
  child.stdout?.destroy();
  client.execute(3, "echo > /work/pipe");
  assert.equal(await endOf(child), 0);
  assert.deepEqual(processesOf("sleep", seconds), []);
});

test("variables: GO_EA_* never, the agent's own never, and one that is too long by its name only", async () => {
  const env = { ...plainEnvironment(), AGENTS_OWN: "x", GO_EA_SERVER_URL: "hidden" };
  const child = startCli(["worker", ...options], { stdio: ["pipe", "pipe", "inherit"], env });
  const { Client } = await import("../support/worker.ts");
  assert.ok(child.stdin && child.stdout);
  const client = new Client(child.stdin, child.stdout);
  const { console } = await client.run(1, "env", { GO_EA_AUTO_REGISTER_KEY: "hidden", GO_PIPELINE_NAME: "web" });
  const text = textOf(console, "stdout");
  assert.match(text, /^GO_PIPELINE_NAME=web$/m);
  assert.doesNotMatch(text, /GO_EA_|AGENTS_OWN|hidden/);
  const { answer } = await client.run(2, "env", { LONG: "secret".repeat(30_000) });
  assert.match(JSON.stringify(answer["response"]), /"success":false,"message":"variable LONG has \d+ bytes/);
  assert.doesNotMatch(JSON.stringify(answer), /secret/);
  client.input.end();
  assert.equal(await endOf(child), 0);
});

test("masking, by name, by mark and by option", async () => {
  const { child, client } = startWorker([...options, "--mask", "ALWAYS", "--mask", "NOT_IN_THE_JOB"]);
  const variables = { NAMED: "first-value", MARKED: { value: "second-value", secure: true }, ALWAYS: "third-value" };
  // The second part of a value comes when we have seen what was printed after the first.
  const script = `echo "$NAMED $MARKED $ALWAYS"; printf "first-" >&2; echo "$NAMED" | base64
    until [ -e /work/go-on ]; do sleep 0.01; done; rm /work/go-on; echo value >&2`;
  client.send({ id: 1, request: "execute", body: task(script, variables, { maskedVariables: ["NAMED"] }) });
  const lines = "****** ****** ******\n******\n";
  const first: Record<string, unknown>[] = [];
  // In as many messages as they come in.
  while (textOf(first, "stdout").length < lines.length)
    first.push((await client.next()) ?? assert.fail("it has ended"));
  assert.equal(textOf(first, "stdout"), lines);
  writeFileSync(path.join(guest.sharedRoot, "go-on"), "");
  const { console, answer } = await client.untilAnswer(1);
  assert.equal(textOf(console, "stdout"), "");
  assert.equal(textOf(console, "stderr"), "******\n");
  assert.deepEqual(answer["response"], SUCCESS);
  client.input.end();
  assert.equal(await endOf(child), 0);
});

test("what is wrong is answered, and the worker goes on", async () => {
  const { child, client } = startWorker(options);
  const codeOf = async (line: string): Promise<unknown> => {
    client.send(line);
    const { error, id } = ((await client.next()) ?? {}) as { error?: { code: string; message: string }; id?: unknown };
    assert.ok(error && error.message.length > 10 && !error.message.includes("\n"), JSON.stringify(error));
    return [id, error.code];
  };
  for (const [line, id, code] of [
    ["{", null, "INVALID_JSON"],
    ["secret", null, "INVALID_JSON"],
    ["[]", null, "INVALID_REQUEST"],
    ["null", null, "INVALID_REQUEST"],
    ["{}", null, "INVALID_REQUEST"],
    ['{"id":{}}', null, "INVALID_REQUEST"],
    ['{"id":"","request":"view"}', null, "INVALID_REQUEST"],
    ['{"id":1.5,"request":"view"}', null, "INVALID_REQUEST"],
    [`{"id":"${"x".repeat(201)}","request":"view"}`, null, "INVALID_REQUEST"],
    ['{"id":1}', 1, "INVALID_REQUEST"],
    ['{"id":1,"request":7}', 1, "INVALID_REQUEST"],
    ['{"id":1,"request":"execute","maskedVariables":["TOKEN"],"body":{}}', 1, "INVALID_REQUEST"],
    ['{"id":1,"request":"view","version":1}', 1, "INVALID_REQUEST"],
    ['{"id":1,"request":"toString"}', 1, "UNKNOWN_REQUEST"],
    ['{"id":1,"request":"view","version":"1.1"}', 1, "UNSUPPORTED_VERSION"],
    ['{"id":1,"request":"execute"}', 1, "INVALID_REQUEST"],
    ['{"id":1,"request":"validate"}', 1, "INVALID_REQUEST"],
    ['{"id":1,"request":"cancel"}', 1, "INVALID_REQUEST"],
    [`{"id":1,"request":"${"view".repeat(5_000_000)}"}`, null, "REQUEST_TOO_LONG"],
    [`{"id":1,"request":${"[".repeat(1_000_000)}`, null, "INVALID_JSON"],
  ] as const) {
    assert.deepEqual(await codeOf(line), [id, code], line.slice(0, 100));
  }
  child.stdin?.write(Buffer.from([0x22, 0xff, 0x22, 0x0a]));
  assert.deepEqual((await client.next())?.["id"], null);
  client.send("\n  \n");
  assert.deepEqual((await client.run(1, "true")).answer["response"], SUCCESS);
  client.input.end();
  assert.equal(await endOf(child), 0);
});

test("our own failures are answers with their reason", async () => {
  const { child, client } = startWorker(options);
  const messageOf = async (body: object): Promise<string> => {
    client.send({ id: 1, request: "execute", body });
    const { success, message } = (await client.untilAnswer(1)).answer["response"] as {
      success: boolean;
      message: string;
    };
    assert.equal(success, false);
    return message;
  };
  const script = { value: "pwd" };
  const inDirectory = { workingDirectory: "pipelines/none" };
  assert.match(await messageOf({ config: { script }, context: inDirectory }), /pipelines\/none/);
  assert.match(await messageOf({ config: { script, shtype: { value: "fish" } } }), /shell "fish" is unknown/);
  assert.match(await messageOf({ config: {} }), /script is empty/);
  child.kill("SIGTERM");
  assert.equal(await endOf(child), 0);
});

test("without a container, everything but execute is answered", async () => {
  for (const [args, reason] of [
    [["--container", "no-such-one"], /no (container is called|other container of the Pod is to be seen)/],
    [["--pid", "4194305"], /no process has pid 4194305/],
  ] as const) {
    const { child, client } = startWorker(args);
    client.send({ id: 1, request: "validate", body: { script: { value: "" } } });
    assert.match(JSON.stringify(await client.next()), /The script is empty/);
    assert.match(JSON.stringify((await client.run(2, "true")).answer), reason);
    client.input.end();
    assert.equal(await endOf(child), 0);
  }
});

test("a container that ends: its task says so, and so does the next", async () => {
  await withGuest({}, async (mortal) => {
    const { child, client } = startWorker(optionsOf(mortal));
    client.execute(1, "echo ready; sleep 1000");
    await client.next();
    process.kill(mortal.pid, "SIGKILL");
    const { answer } = await client.untilAnswer(1);
    assert.match(JSON.stringify(answer["response"]), /"success":false,"message":".*(main process|killed by SIGKILL)/);
    await until("the container is gone", () => !isAlive(mortal.pid));
    for (const id of [2, 3]) {
      const again = await client.run(id, "true");
      assert.match(
        JSON.stringify(again.answer["response"]),
        /"success":false,"message":".*(main process|no process has pid)/,
      );
    }
    client.input.end();
    assert.equal(await endOf(child), 0);
  });
});

test("a line of 100 MB comes in pieces, and a flood is held up by its own reader only", async () => {
  const { child, client } = startWorker(options);
  client.execute(1, "head -c 100000000 /dev/zero | tr '\\0' x; echo; echo 'é' | tr -d '\\n'");
  let length = 0;
  const rest: unknown[] = [];
  for (;;) {
    const message = (await client.next()) ?? assert.fail("the worker ended");
    if (message["response"] !== undefined) break;
    const line = String(message["line"]);
    assert.ok(line.length < 1.2 * 1024 * 1024);
    if (line.startsWith("x")) length += line.length;
    // The last piece may be empty.
    else if (line !== "") rest.push(message);
  }
  assert.deepEqual([length, rest], [100_000_000, [{ id: 1, stream: "stdout", line: "é" }]]);
  assert.ok(peakMemory(child.pid) < 300e6, `${peakMemory(child.pid)} bytes`);
  client.input.end();
  assert.equal(await endOf(child), 0);
});

/** The largest resident set that a process had. */
function peakMemory(pid = 0): number {
  return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) * 1024;
}

test("a client that never reads holds nobody else up, and takes no memory", async () => {
  const socket = socketPath("unread");
  const child = await startSocketWorker(socket, options);
  const deaf = await connectTo(socket);
  for (let id = 0; id < 4; id++) deaf.client.execute(id, "yes 'a line of the output of a build'; echo never");
  const other = await connectTo(socket);
  // Longer than a flood would need to fill memory.
  for (let id = 0; id < 20; id++) {
    const { console, answer } = await other.client.run(id, "head -c 1000000 /dev/zero | tr '\\0' '\\n' | wc -l");
    assert.deepEqual([textOf(console, "stdout"), answer["response"]], ["1000000\n", SUCCESS]);
  }
  // Nor are its requests read without end.
  let sent = 0;
  while (sent < 100e6 && deaf.socket.write(`{"id":"v${sent}","request":"view"}\n`.repeat(1000))) sent += 30_000;
  await other.client.run("after", "true");
  assert.ok(peakMemory(child.pid) < 300e6, `${peakMemory(child.pid)} bytes`);
  deaf.socket.destroy();
  await until("its tasks have ended", () => processesWith("a line of the output of a build").length === 0);
  assert.deepEqual((await other.client.run("last", "true")).answer["response"], SUCCESS);
  other.socket.destroy();
  child.kill("SIGTERM");
  assert.equal(await endOf(child), 0);
});

test("a client that vanishes takes its own tasks along, and nobody else's", async () => {
  const socket = socketPath("vanish");
  const child = await startSocketWorker(socket, options);
  const [first, second] = [await connectTo(socket), await connectTo(socket)];
  const [one, two] = [uniqueSleep(), uniqueSleep()];
  // The same id, for each connection has its own.
  first.client.execute(1, `echo ready; sleep ${one} & sleep ${one}`);
  second.client.execute(1, `echo ready; sleep ${two}`);
  await first.client.next();
  await second.client.next();
  await until("both run", () => processesOf("sleep", one).length === 2 && processesOf("sleep", two).length === 1);
  first.socket.destroy();
  await until("its task has ended", () => processesOf("sleep", one).length === 0);
  assert.equal(processesOf("sleep", two).length, 1);
  second.client.send({ id: 2, request: "cancel", body: { id: 1 } });
  assert.deepEqual((await second.client.untilAnswer(1)).answer["response"], CANCELED);
  // One that goes before its task has begun.
  const third = await connectTo(socket);
  const three = uniqueSleep();
  third.client.execute(1, `sleep ${three}`);
  third.socket.end();
  second.client.execute(3, "true");
  await second.client.untilAnswer(3);
  await until("the third's has ended", () => processesOf("sleep", three).length === 0);
  second.socket.destroy();
  child.kill("SIGTERM");
  assert.equal(await endOf(child), 0);
});

test("SIGTERM cancels running tasks, and answers them before the end", async () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    const socket = socketPath("term");
    const child = await startSocketWorker(socket, options);
    const { client } = await connectTo(socket);
    const seconds = uniqueSleep();
    client.execute(1, `echo ready; sleep ${seconds}`);
    await client.next();
    child.kill(signal);
    assert.deepEqual(await client.next(), { id: 1, response: CANCELED });
    assert.deepEqual([await client.next(), await endOf(child)], [undefined, 0]);
    assert.deepEqual([existsSync(socket), processesOf("sleep", seconds)], [false, []]);
  }
});

test("--drain: the first signal waits for running tasks, the second cancels, the third kills", async () => {
  const { child, client } = startWorker([...options, "--drain"]);
  const script = "trap 'echo asked' TERM; echo ready; until [ -e /work/drained ]; do sleep 0.01; done; echo done";
  client.execute(1, script);
  await client.next();
  child.kill("SIGTERM");
  // The signal is on its way, so some may still be taken.
  let refused: Message | undefined;
  do {
    client.execute("more", "true");
    refused = await client.next();
  } while (refused?.["error"] === undefined);
  assert.equal((refused["error"] as { code: string }).code, "WORKER_CLOSED");
  child.kill("SIGTERM");
  // The shell may say on stderr that its sleep was ended.
  let asked: Message | undefined;
  do asked = await client.next();
  while (asked?.["stream"] === "stderr");
  assert.deepEqual(asked, { id: 1, stream: "stdout", line: "asked" });
  child.kill("SIGTERM");
  assert.deepEqual((await client.untilAnswer(1)).answer["response"], CANCELED);
  assert.deepEqual([await client.next(), await endOf(child)], [undefined, 0]);

  const drained = startWorker([...options, "--drain"]);
  drained.client.execute(1, script);
  await drained.client.next();
  drained.child.kill("SIGTERM");
  writeFileSync(path.join(guest.sharedRoot, "drained"), "");
  const { console, answer } = await drained.client.untilAnswer(1);
  assert.deepEqual([textOf(console, "stdout"), answer["response"]], ["done\n", SUCCESS]);
  assert.equal(await endOf(drained.child), 0);
});

test("SIGTERM ends the worker also where its clients do not read", async () => {
  const socket = socketPath("deaf");
  const child = await startSocketWorker(socket, options);
  const { client } = await connectTo(socket);
  client.execute(1, "yes a-flood-nobody-reads");
  await until("it runs", () => processesWith("a-flood-nobody-reads").length > 0);
  const standard = startWorker(options);
  standard.child.stdout?.pause();
  standard.client.execute(1, "yes a-flood-nobody-reads");
  await until("both run", () => processesWith("a-flood-nobody-reads").length > 1);
  for (const ending of [child, standard.child]) {
    ending.kill("SIGTERM");
    assert.equal(await endOf(ending), 0);
  }
  assert.deepEqual(processesWith("a-flood-nobody-reads"), []);
});

test("kill -9 of the worker leaves no task, and its socket is replaced", async () => {
  for (const backend of ["native", "helper"]) {
    const socket = socketPath("killed");
    const child = await startSocketWorker(socket, [...options, "--backend", backend]);
    const { client } = await connectTo(socket);
    const seconds = uniqueSleep();
    client.execute(1, `echo ready; sleep ${seconds} & sleep ${seconds}`);
    await client.next();
    child.kill("SIGKILL");
    assert.equal(await endOf(child), "SIGKILL");
    await until("its tasks have ended", () => processesOf("sleep", seconds).length === 0);
    await until("its scripts are gone", () => !readdirSync(guest.sharedRoot).some((name) => name.endsWith(".sh")));
    assert.ok(statSync(socket).isSocket());
  }
  const next = await startSocketWorker(socketPath("killed"), options);
  const { client, socket } = await connectTo(socketPath("killed"));
  assert.deepEqual((await client.run(1, "true")).answer["response"], SUCCESS);
  socket.destroy();
  next.kill("SIGTERM");
  assert.equal(await endOf(next), 0);
});

test("the socket is its user's only, and nothing that is there already is taken", async () => {
  const socket = socketPath("own");
  const child = await startSocketWorker(socket, options);
  assert.equal((statSync(socket).mode & 0o7777).toString(8), "600");
  const second = await cli(["worker", "--socket", socket, ...options]);
  assert.deepEqual([second.status, second.stdout], [125, ""]);
  assert.match(second.stderr, /^k8s-executor: a worker is listening on .*own\.sock already; give another path/);
  const { client } = await connectTo(socket);
  assert.deepEqual((await client.run(1, "true")).answer["response"], SUCCESS);
  child.kill("SIGTERM");
  await endOf(child);
  // Nothing is left of how it was made.
  assert.deepEqual(
    readdirSync(guest.sharedRoot).filter((name) => name.startsWith("own.sock")),
    [],
  );

  const file = path.join(guest.sharedRoot, "a-file");
  writeFileSync(file, "mine");
  for (const [given, message] of [
    [file, /exists and is no socket/],
    [path.join(guest.sharedRoot, "none/x.sock"), /the directory of the socket .* does not exist; create it/],
    [path.join(guest.sharedRoot, "x".repeat(100)), /is too long; give one of 1 to \d+ bytes/],
    ["", /is empty/],
  ] as const) {
    const { status, stderr } = await cli(["worker", "--socket", given, ...options]);
    assert.equal(status, 125);
    assert.match(stderr, message);
  }
  assert.equal(readFileSync(file, "utf8"), "mine");
});

test("of two workers that begin at once, one gets the socket", async () => {
  const socket = socketPath("race");
  const killed = await startSocketWorker(socket, options);
  killed.kill("SIGKILL");
  await endOf(killed);
  // First in the place of one that was killed, then where there is none.
  for (let round = 0; round < 4; round++) {
    const children = [1, 2].map(() =>
      startCli(["worker", "--socket", socket, ...options], { stdio: ["ignore", "ignore", "pipe"] }),
    );
    const said = await Promise.all(
      children.map(async (child) => String(((await once(child.stderr ?? assert.fail(), "data")) as [Buffer])[0])),
    );
    const winner = said.findIndex((text) => text === `k8s-executor: listening on ${socket}\n`);
    assert.match(said[1 - winner] ?? "", /^k8s-executor: a worker is listening on .* already/);
    const [first, second] = winner === 0 ? children : children.toReversed();
    assert.ok(first && second);
    assert.equal(await endOf(second), 125);
    const { client, socket: connection } = await connectTo(socket);
    assert.deepEqual((await client.run(1, "true")).answer["response"], SUCCESS);
    connection.destroy();
    first.kill(round === 0 ? "SIGKILL" : "SIGTERM");
    await endOf(first);
    assert.equal(existsSync(socket), round === 0);
  }
});

test("a command line that cannot be right is one sentence", async () => {
  for (const [args, message] of [
    [["task"], /worker takes options only, and "task" is none/],
    [["--script", "x"], /the option --script is unknown/],
    [["--pid", "x"], /--pid "x" is not a process id/],
    [["--socket"], /--socket needs a value/],
    [["--timeout", "soon"], /--timeout "soon" is no duration/],
  ] as const) {
    const { status, stdout, stderr } = await cli(["worker", ...args]);
    assert.deepEqual([status, stdout], [125, ""], stderr);
    assert.match(stderr, message);
  }
  const { stdout } = await cli(["worker", "--help"]);
  assert.match(stdout, /--socket PATH/);
});

test("--timeout ends a task", async () => {
  const { child, client } = startWorker([...options, "--timeout", "200ms"]);
  const { answer } = await client.run(1, "sleep 1000");
  assert.deepEqual(answer["response"], { success: false, message: "the script timed out" });
  child.kill("SIGTERM");
  assert.equal(await endOf(child), 0);
});
