import assert from "node:assert/strict";

import { refusal, run, send, startWorker, SUCCESS } from "../pod/several-calls.ts";
import { STAND_INS } from "../pod/several-images.ts";
import { PACKAGE } from "../pod/pod.ts";
import { SHARED } from "../pod/several-pod.ts";
import { withSeveralPod } from "../pod/several-tests.ts";
import { finished } from "../support/cli.ts";
import { until } from "../support/until.ts";

/** Containers that come late, end, and come again, in the Pod of examples/several-containers. */
const inPod = withSeveralPod();

const IMAGE = STAND_INS["golang:1.23-alpine"] ?? "";
const REDIS = STAND_INS["redis:7-bookworm"] ?? "";

inPod("--wait waits until the container is there, and until its database answers", async (pod) => {
  // The database comes when it was asked for twice in vain. It is not the main process, whose environment says the name.
  const counts = "/go/pipelines/probes";
  const start = `until [ "$(wc -l < ${counts})" -ge 2 ]; do sleep 0.01; done; redis-server --port 6380 --save ''; :`;
  const ping = ["redis-cli", "-e", "-p", "6380", "ping"];
  const late = ["--container", "late", "--wait", "60s", "--probe"];
  const waiting = pod.startCli(["exec", ...late, `echo >> ${counts}; ${ping.join(" ")}`, ...ping]);
  const result = finished(waiting);
  await until("it waits", () => pod.in("agent", ["ps", "-o", "args"]).stdout.includes("--container late"));
  pod.in("agent", ["touch", counts]);
  pod.add("late", REDIS, [SHARED, "--env", "K8S_EXECUTOR_CONTAINER=late"], ["sh", "-c", start]);
  try {
    const { status, stdout, stderr } = await result;
    assert.deepEqual([status, stdout, stderr], [0, "PONG\n", ""]);
    const { stdout: probes } = pod.in("agent", ["wc", "-l", counts]);
    assert.ok(Number.parseInt(probes, 10) > 2, probes);
    // A program without a shell.
    assert.deepEqual(run(pod, [...late, JSON.stringify(ping)], "echo ran"), [0, "ran\n"]);
  } finally {
    pod.remove("late");
  }
});

inPod("a wait in vain says what it waited for", (pod) => {
  const never = refusal(pod, ["--container", "never", "--wait", "300ms"]);
  assert.equal(never.code, "TARGET_NEVER_APPEARED");
  for (const part of ['"never"', "maven", "golang", "database"]) assert.ok(never.message.includes(part), never.message);
  const probe = `printf 'not yet \\033[31mred\\n'; printf 'why\\n' >&2; exit 3`;
  const failed = refusal(pod, ["--container", "maven", "--wait", "1s", "--probe", probe]);
  assert.equal(failed.code, "PROBE_FAILED");
  for (const part of ["not yet", "why"]) assert.ok(failed.message.includes(part), failed.message);
  // The last attempt is cut short by the end of the wait, and has nothing to say.
  const slow = "echo almost; if [ -e /tmp/tried ]; then exec sleep 1000; fi; touch /tmp/tried; exit 3";
  const last = refusal(pod, ["--container", "maven", "--wait", "1s", "--probe", slow]);
  assert.match(last.message, /exited with 3, saying "almost"/);
  const endless = refusal(pod, ["--container", "maven", "--wait", "300ms", "--probe", "yes; true"]);
  assert.equal(endless.code, "PROBE_FAILED");
  assert.ok(endless.message.length < 10_000, String(endless.message.length));
});

inPod("a container that ends while it is waited for is waited for again", (pod) => {
  const first = pod.inspect("golang");
  // The first attempt kills the main process, and the runtime starts it again.
  const probe = `[ -e /tmp/killed ] || { touch /tmp/killed; kill -9 ${first.pid}; sleep 1000; }`;
  const golang = ["--container", "golang", "--wait", "60s", "--probe", probe];
  assert.deepEqual(run(pod, golang, "echo ran"), [0, "ran\n"]);
  assert.notEqual(pod.inspect("golang").pid, first.pid);
  // One that nobody starts again.
  pod.add("ending", IMAGE, [SHARED, "--env", "K8S_EXECUTOR_CONTAINER=ending"], ["sleep", "1000"]);
  try {
    const { pid } = pod.inspect("ending");
    const ending = ["--container", "ending", "--wait", "1s", "--probe", `kill -9 ${pid}; sleep 1000`];
    assert.equal(refusal(pod, ending).code, "TARGET_EXITED");
  } finally {
    pod.remove("ending");
  }
});

inPod("a container that restarts ends its step, and is found again by its name", (pod) => {
  // The runtime starts it again, as the kubelet does.
  const first = pod.inspect("maven");
  const script = `echo started; kill -9 ${first.pid}; sleep 1000`;
  const { status, stdout, stderr } = pod.cli(["run", "--container", "maven", "--script", script]);
  assert.deepEqual([status, stdout], [125, "started\n"]);
  assert.match(stderr, new RegExp(`^k8s-executor: the container's main process ${first.pid} has ended;`));
  const again = ["--container", "maven", "--wait", "60s"];
  assert.deepEqual(run(pod, again, "command -v mvn"), [0, "/usr/local/bin/mvn\n"]);
  assert.notEqual(pod.inspect("maven").pid, first.pid);
  // The library.
  const program = ["--import", `${PACKAGE}/node_modules/tsx/dist/loader.mjs`, `${PACKAGE}/test/pod/restarted-job.ts`];
  const job = pod.in("agent", ["node", ...program, "golang"]);
  assert.deepEqual([job.stdout, job.stderr], ['["CONTAINER_GONE","CONTAINER_GONE","another","again"]\n', ""]);
});

inPod("while a container is away it is unknown; a wait for it ends when it is back", async (pod) => {
  pod.kill("database");
  const { code, message } = refusal(pod, ["--container", "database"]);
  assert.equal(code, "TARGET_NOT_FOUND", message);
  const args = ["--container", "database", "--wait", "60s", "--probe", "redis-cli -e ping"];
  const result = finished(pod.startCli(["exec", ...args, "redis-cli", "dbsize"]));
  await until("it waits", () => pod.in("agent", ["ps", "-o", "args"]).stdout.includes("--container database"));
  pod.start("database");
  assert.deepEqual(await result, { status: 0, signal: null, stdout: "0\n", stderr: "" });
});

inPod(
  "a worker's task in a container that is killed fails, its others go on, and so does the next one there",
  async (pod) => {
    const { client, end } = startWorker(pod);
    send(client, "maven", "maven", "echo started; sleep 1000");
    send(client, "golang", "golang", "echo started; until [ -e /go/pipelines/back ]; do sleep 0.01; done; echo done");
    const first = await client.next();
    const second = await client.next();
    assert.deepEqual([first?.["line"], second?.["line"]], ["started", "started"]);
    const { pid } = pod.inspect("maven");
    pod.kill("maven");
    const { answer } = await client.untilAnswer("maven");
    const { success, message } = answer["response"] as { success: boolean; message: string };
    assert.equal(success, false);
    assert.match(message, new RegExp(`^the container's main process ${pid} has ended;`));
    send(client, "away", "maven", "true");
    const away = (await client.untilAnswer("away")).answer["response"] as { success: boolean; message: string };
    assert.equal(away.success, false);
    assert.match(away.message, /"maven".*golang/s);
    pod.start("maven");
    send(client, "again", "maven", "touch /go/pipelines/back");
    assert.deepEqual((await client.untilAnswer("again")).answer["response"], SUCCESS);
    const { console, answer: other } = await client.untilAnswer("golang");
    assert.deepEqual([console.map(({ line }) => line), other["response"]], [["done"], SUCCESS]);
    assert.equal(await end(), 0);
  },
);
