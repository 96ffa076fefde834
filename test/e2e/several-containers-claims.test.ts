import assert from "node:assert/strict";

import type { ContainerInfo } from "../../src/discovery/types.ts";
import { refusal, run } from "../pod/several-calls.ts";
import { STAND_INS } from "../pod/several-images.ts";
import { SHARED } from "../pod/several-pod.ts";
import { withSeveralPod } from "../pod/several-tests.ts";

/** What a container says of itself, and what is said of it in a file, in the Pod of examples/several-containers. */
const inPod = withSeveralPod();

/** What a terminal may obey, and what changes how a line looks. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

const IMAGE = STAND_INS["golang:1.23-alpine"] ?? "";

inPod("a container that claims another's name is told from it by nobody, so neither is entered", (pod) => {
  pod.add("liar", IMAGE, [SHARED, "--env", "K8S_EXECUTOR_CONTAINER=maven"], ["sleep", "1000"]);
  try {
    const { code, message } = refusal(pod, ["--container", "maven"]);
    assert.equal(code, "TARGET_AMBIGUOUS");
    const [liar, maven] = [pod.inspect("liar"), pod.inspect("maven")];
    for (const { id, pid } of [liar, maven]) {
      for (const part of [id.slice(0, 12), String(pid)]) assert.ok(message.includes(part), message);
    }
    assert.deepEqual(run(pod, ["--container", maven.id.slice(0, 12)], "command -v mvn"), [0, "/usr/local/bin/mvn\n"]);
  } finally {
    pod.remove("liar");
  }
  assert.equal(run(pod, ["--container", "maven"], "command -v mvn")[0], 0);
});

inPod("one that claims another's id or pid, or the agent's name, gets nothing by it", (pod) => {
  const maven = pod.inspect("maven");
  for (const name of [maven.id.slice(0, 63), maven.id.slice(0, 12), String(maven.pid)]) {
    pod.add("liar", IMAGE, [SHARED, "--env", `K8S_EXECUTOR_CONTAINER=${name}`], ["sleep", "1000"]);
    try {
      assert.equal(refusal(pod, ["--container", name]).code, "TARGET_AMBIGUOUS", name);
      assert.deepEqual(run(pod, ["--container", maven.id], "command -v mvn"), [0, "/usr/local/bin/mvn\n"]);
      assert.deepEqual(run(pod, ["--pid", String(maven.pid)], "command -v mvn"), [0, "/usr/local/bin/mvn\n"]);
    } finally {
      pod.remove("liar");
    }
  }
  pod.add("liar", IMAGE, [SHARED, "--env", "K8S_EXECUTOR_CONTAINER=agent"], ["sleep", "1000"]);
  try {
    assert.deepEqual(run(pod, ["--container", "agent"], "echo $K8S_EXECUTOR_CONTAINER"), [0, "agent\n"]);
  } finally {
    pod.remove("liar");
  }
});

inPod("no name or command line of a container commands a terminal, or makes a line of its own", (pod) => {
  const escapes = "\u001b]0;title\u0007\u001b[2J\u009b31m\rk8s-executor: all is well\n\u202etxet\u2028";
  pod.add(
    "loud",
    IMAGE,
    [SHARED, "--env", `K8S_EXECUTOR_CONTAINER=${escapes}`],
    ["sh", "-c", "sleep 1000; :", escapes],
  );
  try {
    // So does its own list of users.
    const passwd = String.raw`printf '%s:x:0:0::/root:/bin/sh\n' "$1" > /etc/passwd`;
    assert.equal(pod.in("loud", ["sh", "-c", passwd, "sh", escapes.replaceAll(/[:\n]/g, "")]).status, 0);
    const { status, stdout, stderr } = pod.cli(["containers"]);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.doesNotMatch(stdout.replaceAll("\n", ""), UNPRINTABLE);
    assert.equal(stdout.trimEnd().split("\n").length, 1 + 6, stdout);
    const json = pod.cli(["containers", "--json"]).stdout;
    assert.doesNotMatch(json.trimEnd(), UNPRINTABLE);
    const listed = JSON.parse(json) as ContainerInfo[];
    assert.equal(listed.length, 6);
    const { id, pid } = pod.inspect("loud");
    const loud = listed.find((container) => container.id === id);
    assert.deepEqual([loud?.pid, loud?.name], [pid, undefined], "that is no name");
    assert.deepEqual(loud?.command, ["sh", "-c", "sleep 1000; :", escapes]);
    assert.match(loud?.user ?? "", /title/);
    assert.equal(refusal(pod, ["--container", "unknown"]).code, "TARGET_NOT_FOUND");
    assert.deepEqual(run(pod, ["--container", id.slice(0, 12)], "echo ran"), [0, "ran\n"]);
  } finally {
    pod.remove("loud");
  }
});

inPod("k8s-executor.json says how a step is run in a container, and the command line overrules it", (pod) => {
  const containers = {
    maven: { shell: "bash", cwd: "/go/pipelines", env: { FROM: "file", BOTH: "file" } },
    golang: { user: "0", cwd: "/usr" },
  };
  const config = ["--config", "/tmp/k8s-executor.json"];
  const write = (value: unknown): void => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    pod.in("agent", ["sh", "-c", 'printf %s "$1" > /tmp/k8s-executor.json', "sh", text]);
  };
  write({ containers });
  const tell = 'echo "${BASH_VERSION:+bash} $(id -u) $PWD $FROM $BOTH"';
  const maven = [...config, "--container", "maven"];
  assert.deepEqual(run(pod, maven, tell), [0, "bash 0 /go/pipelines file file\n"]);
  assert.deepEqual(run(pod, [...maven, "--shell", "sh", "--env", "BOTH=line", "--cwd", "/tmp"], tell), [
    0,
    " 0 /tmp file line\n",
  ]);
  // Ours, on the shared volume, comes before it.
  assert.deepEqual(run(pod, [...config, "--container", "golang"], tell), [0, " 0 /go/pipelines  \n"]);
  assert.deepEqual(run(pod, [...config, "--container", "golang"], tell, "/"), [0, " 0 /usr  \n"]);
  // Where it is by default.
  pod.in("agent", ["cp", "/tmp/k8s-executor.json", "/etc/k8s-executor.json"]);
  assert.deepEqual(run(pod, ["--container", "golang"], tell, "/"), [0, " 0 /usr  \n"]);
  pod.in("agent", ["rm", "/etc/k8s-executor.json"]);
  assert.deepEqual(run(pod, ["--container", "golang"], tell, "/tmp"), [0, " 1000 /  \n"]);
  for (const [wrong, pattern] of [
    ["{", /k8s-executor\.json/],
    [{ containers: { maven: { shel: "bash" } } }, /shel/],
    [{ containers: { maven: { shell: 1 } } }, /shell/],
    [{ containers: [] }, /containers/],
    [{ container: {} }, /container/],
  ] as const) {
    write(wrong);
    const { code, message } = refusal(pod, maven);
    assert.equal(code, "INVALID_OPTION", message);
    assert.match(message, pattern);
    assert.match(message, /\/tmp\/k8s-executor\.json/);
  }
  assert.equal(refusal(pod, ["--config", "/tmp/none.json", "--container", "maven"]).code, "INVALID_OPTION");
});

inPod("a container's own variables say it too", (pod) => {
  const variables = { CONTAINER: "own", SHELL: "ash", USER: "1000", CWD: "/home" };
  const options = Object.entries(variables).flatMap(([name, value]) => ["--env", `K8S_EXECUTOR_${name}=${value}`]);
  pod.add("own", IMAGE, [SHARED, ...options], ["sleep", "1000"]);
  try {
    assert.deepEqual(run(pod, ["--container", "own"], 'echo "$(id -u) $PWD"; readlink /proc/$$/exe', "/"), [
      0,
      "1000 /home\n/bin/busybox\n",
    ]);
    assert.deepEqual(run(pod, ["--container", "own", "--user", "0", "--cwd", "/"], 'echo "$(id -u) $PWD"'), [
      0,
      "0 /\n",
    ]);
  } finally {
    pod.remove("own");
  }
});
