import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";

import type { ContainerInfo } from "../../src/discovery/types.ts";
import { PACKAGE } from "../pod/pod.ts";
import { refusal, run, send, startWorker, SUCCESS } from "../pod/several-calls.ts";
import type { SeveralPod } from "../pod/several-pod.ts";
import { STAND_INS } from "../pod/several-images.ts";
import { withSeveralPod } from "../pod/several-tests.ts";

/** The Pod of examples/several-containers, with what its agent can see and do in its neighbours. */
const inPod = withSeveralPod();

const IMAGE = STAND_INS["golang:1.23-alpine"] ?? "";

/** Where the manifest has a name by something else than a variable. */
const SOURCES: Readonly<Record<string, string>> = { maven: "pause", database: "kubelet" };

/** One of the database's commands, in an image that has nothing but BusyBox. */
const ask = (command: string): string => `printf '${command}\\r\\nQUIT\\r\\n' | nc 127.0.0.1 6379`;

function containersOf(pod: SeveralPod): ContainerInfo[] {
  const { status, stdout, stderr } = pod.cli(["containers", "--json"]);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as ContainerInfo[];
}

inPod("containers lists the four and the Pod's own, as podman knows them", (pod) => {
  const seen = containersOf(pod);
  assert.deepEqual(
    seen.map(({ role, name, uid, user }) => [role, name, uid, user]),
    [
      ["agent", "agent", 0, "root"],
      ["pause", undefined, 0, undefined],
      ["guest", "maven", 0, "root"],
      ["guest", "golang", 1000, "builder"],
      ["guest", "database", 999, "redis"],
    ],
  );
  const [, pause] = seen;
  assert.deepEqual([pause?.pid, pause?.id], [1, pod.pauseId()]);
  for (const container of seen) {
    const { role, name, pid, id, startedAt, state, cgroup, obstacle, sharedNamespaces, processes } = container;
    assert.deepEqual([state, obstacle], ["running", undefined], name ?? role);
    if (name === undefined) continue;
    const expected = pod.inspect(name);
    assert.deepEqual([pid, id], [expected.pid, expected.id], name);
    assert.deepEqual(container.names, [{ name, source: SOURCES[name] ?? "K8S_EXECUTOR_CONTAINER" }]);
    // podman takes the time when it has started; the kernel counts in hundredths of a second.
    assert.ok(Math.abs(Number(new Date(startedAt)) - Number(expected.startedAt)) < 60_000, name);
    if (name === "agent") continue;
    assert.equal(processes, 1, name);
    assert.deepEqual(sharedNamespaces?.includes("pid"), true, name);
    assert.deepEqual(sharedNamespaces?.includes("mnt"), false, name);
    assert.deepEqual([cgroup.memoryLimitBytes, cgroup.cpuLimit], [expected.memoryLimitBytes, expected.cpuLimit], name);
    assert.ok((cgroup.memoryBytes ?? 0) > 0 && (cgroup.cpuSeconds ?? -1) >= 0, name);
  }
  const { stdout } = pod.cli(["containers"]);
  for (const { id = "", pid, name = "" } of seen) {
    const line = stdout.split("\n").find((text) => text.includes(id.slice(0, 12))) ?? "";
    assert.match(line, new RegExp(`\\b${pid}\\b`), stdout);
    assert.ok(line.includes(name), stdout);
  }
});

inPod("an agent that may not look into containers lists them all the same, and why it cannot enter them", (pod) => {
  const command = [`${PACKAGE}/dist/cli/k8s-executor`, "containers", "--json"];
  const { status, stdout, stderr } = pod.in("agent", command, ["--user", "1234"]);
  assert.deepEqual([status, stderr], [0, ""]);
  const guests = (JSON.parse(stdout) as ContainerInfo[]).filter(({ role }) => role === "guest");
  const expected = ["maven", "golang", "database"].map((name) => pod.inspect(name));
  assert.deepEqual(
    guests.map(({ pid, id }) => [pid, id]),
    expected.map(({ pid, id }) => [pid, id]),
  );
  for (const { obstacle } of guests) assert.match(obstacle ?? "", /SYS_PTRACE|SYS_ADMIN/);
});

inPod("a container is chosen by name, by id, by the beginning of an id, and by pid", (pod) => {
  for (const name of ["maven", "golang", "database"]) {
    const { id, pid, machinePid } = pod.inspect(name);
    const expected = `${readlinkSync(`/proc/${machinePid}/ns/mnt`)}\n`;
    const choices = [
      ["--pid", String(pid)],
      ...[name, id, id.slice(0, 12), String(pid)].map((value) => ["--container", value]),
    ];
    for (const options of choices) {
      assert.deepEqual(run(pod, options, "readlink /proc/self/ns/mnt"), [0, expected], options.join(" "));
    }
  }
});

inPod("a container by name comes before those that the agent's variables say", (pod) => {
  const command = [`${PACKAGE}/dist/cli/k8s-executor`, "exec"];
  const variables = [`GO_K8S_CONTAINER_PID=${pod.inspect("maven").pid}`, "K8S_EXECUTOR_TARGET=golang"];
  const id = (options: readonly string[], env: readonly string[]): string =>
    pod.in(
      "agent",
      [...command, ...options, "id", "-u"],
      env.flatMap((variable) => ["--env", variable]),
    ).stdout;
  assert.deepEqual(
    [id([], variables.slice(0, 1)), id([], variables), id(["--container", "database"], variables)],
    ["0\n", "1000\n", "999\n"],
  );
});

inPod("one that is not there, or might be another, is refused with a list of those that are", (pod) => {
  const all = new Map(["maven", "golang", "database"].map((name) => [name, pod.inspect(name)]));
  const agent = pod.inspect("agent");
  const lists = (message: string): void => {
    for (const [name, { id, pid }] of all) {
      for (const part of [name, id.slice(0, 12), String(pid)]) assert.ok(message.includes(part), `${part}: ${message}`);
    }
  };
  // A number is a pid, and never the beginning of an id.
  const isPid = (value: string): boolean => pod.in("agent", ["test", "-e", `/proc/${value}`]).status === 0;
  const digits = [...all.values()].flatMap(({ id }) => /^\d{1,7}/.exec(id) ?? []).filter((value) => !isPid(value));
  const unknown = [...digits, "01", "gradle", "mave", "MAVEN", "f".repeat(64), "999999", "\u001b[31mred", "a b"];
  for (const value of unknown) {
    const { code, message } = refusal(pod, ["--container", value]);
    assert.equal(code, "TARGET_NOT_FOUND", `${value}: ${message}`);
    assert.ok(message.includes(JSON.stringify(value)), message);
    lists(message);
  }
  const none = refusal(pod, []);
  assert.equal(none.code, "TARGET_AMBIGUOUS");
  lists(none.message);
  // Those that nothing is run in.
  for (const value of ["agent", agent.id, agent.id.slice(0, 12), String(agent.pid), pod.pauseId(), "1"]) {
    assert.equal(refusal(pod, ["--container", value]).code, "TARGET_NOT_ENTERABLE", value);
  }
  assert.equal(refusal(pod, ["--container", ""]).code, "INVALID_OPTION");
});

inPod("a step in one container talks to the database in another on localhost", (pod) => {
  assert.deepEqual(run(pod, ["--container", "database"], "redis-cli set greeting hello"), [0, "OK\n"]);
  assert.deepEqual(run(pod, ["--container", "golang"], ask("GET greeting")), [0, "$5\r\nhello\r\n+OK\r\n"]);
  const script = "exec 3<>/dev/tcp/127.0.0.1/6379; printf 'GET greeting\\r\\nQUIT\\r\\n' >&3; cat <&3";
  assert.deepEqual(run(pod, ["--container", "maven", "--shell", "bash"], script), [0, "$5\r\nhello\r\n+OK\r\n"]);
  // From there, where the image has no client: the name is the container's, and so is the program.
  const { status, stdout } = pod.cli(["exec", "--container", "golang", "redis-cli", "ping"]);
  assert.deepEqual([status, stdout], [127, ""]);
});

inPod("a container without the shared volume is entered too, with what is in it", (pod) => {
  pod.add("apart", IMAGE, ["--env", "K8S_EXECUTOR_CONTAINER=apart"], ["sleep", "1000"]);
  try {
    const apart = ["--container", "apart"];
    assert.match(run(pod, apart, "pwd")[1], /the working directory "\/go\/pipelines" does not exist in the container/);
    assert.deepEqual(run(pod, [...apart, "--cwd", "/", "--transport", "memfd"], "pwd"), [0, "/\n"]);
    assert.equal(pod.cli(["exec", ...apart, "--cwd", "/", "pwd"]).stdout, "/\n");
  } finally {
    pod.remove("apart");
  }
});

inPod("a worker runs tasks in several containers at once", async (pod) => {
  const { client, end } = startWorker(pod);
  // Each waits for what the other one says: one after the other, neither would end.
  const bash = (command: string): string =>
    `exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/6379; printf "${command}\\r\\n" >&3; head -n 5 <&3 | tail -n 1'`;
  send(client, "database", "database", "redis-cli blpop ready 60; redis-cli rpush maven go");
  send(client, "maven", "maven", bash("BLPOP maven 60"));
  send(client, "golang", "golang", `until ${ask("GET built")} | grep -q yes; do :; done; ${ask("RPUSH ready 1")}`);
  send(client, "go", pod.inspect("database").id.slice(0, 12), "redis-cli set built yes");
  for (const id of ["database", "maven", "golang", "go"]) {
    const { console, answer } = await client.untilAnswer(id);
    assert.deepEqual(answer["response"], SUCCESS, `${id}: ${JSON.stringify(console)}`);
  }
  send(client, "none", undefined, "true");
  const { answer } = await client.untilAnswer("none");
  const { success, message } = answer["response"] as { success: boolean; message: string };
  assert.equal(success, false);
  for (const name of ["maven", "golang", "database"]) assert.ok(message.includes(name), message);
  assert.equal(await end(), 0);
  const one = startWorker(pod, ["--container", "golang"]);
  send(one.client, "1", undefined, "id -u; echo $K8S_EXECUTOR_CONTAINER");
  const { console } = await one.client.untilAnswer("1");
  assert.deepEqual(
    console.map(({ line }) => line),
    ["1000", "golang"],
  );
  assert.equal(await one.end(), 0);
});
