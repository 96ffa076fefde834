import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import type { ContainerInfo } from "../../src/index.ts";
import type { Job } from "../gocd/job.ts";
import { tasksOf, WEB } from "../gocd/pipeline.ts";
import { PROJECT, REFERENCE_TASK } from "../gocd/reference-task.ts";
import { GOCD_VARIABLES, jobOf, type Replay } from "../gocd/replay.ts";
import { treeScript } from "../gocd/tree.ts";
import { GocdPod } from "../pod/gocd-pod.ts";
import { buildGocdAgentImage } from "../pod/images.ts";
import { Podman } from "../pod/podman.ts";
import { BACKENDS } from "../support/contract.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun, missing } from "../support/require.ts";

/** Of examples/gocd: the Pod of its profile with the agent of its Dockerfile, in which jobs are replayed. */
let podman: Podman | undefined;
let started: GocdPod | undefined;

const NEEDS = ["root", "podman", "runc", "jq", "busybox", "nsenter", "bash", "zsh", "npm", "tar"];

before(() => {
  if (missing(NEEDS).length > 0) return;
  podman = new Podman();
  buildGocdAgentImage(podman);
  started = new GocdPod(podman);
});
after(() => {
  started?.close();
  podman?.close();
});

/** A test that needs the Pod. */
function inPod(name: string, body: (pod: GocdPod) => void): void {
  test(name, (t) => {
    if (canRun(t, NEEDS)) body(started as GocdPod);
  });
}

function run(pod: GocdPod, args: readonly string[], more: Partial<Job> = {}): Replay {
  return pod.replay(jobOf(["run", ...args], more));
}

/** What GoCD does before the tasks. */
function checkOut(pod: GocdPod): void {
  pod.agent(["rm", "-rf", "/go/pipelines/web"]);
  for (const [file, text] of Object.entries(PROJECT)) {
    const target = `/go/pipelines/web/${file}`;
    const { status } = pod.agent(["sh", "-c", 'mkdir -p "$(dirname "$0")" && cat > "$0"', target], text);
    assert.equal(status, 0);
  }
}

function scriptsLeft(pod: GocdPod): string {
  return pod.agent(["sh", "-c", "ls /go/pipelines | grep '[.]sh$'"]).stdout;
}

inPod("the entrypoint has waited for the build container, and has become the agent", (pod) => {
  const { stdout } = pod.agent(["k8s-executor", "containers", "--json"]);
  const found = (JSON.parse(stdout) as ContainerInfo[]).map(({ role, name, command }) => [
    role,
    name,
    command.join(" "),
  ]);
  assert.deepEqual(found[0], ["agent", undefined, "sleep 1000000"]);
  assert.deepEqual(found.at(-1), ["guest", "build-environment", "/tools/pause build-environment"]);
});

inPod("the reference's task: its output, its result, and nothing left", (pod) => {
  checkOut(pod);
  const { shtype, script } = REFERENCE_TASK;
  const replayed = run(pod, ["--shell", shtype, "--script", script]);
  assert.equal(replayed.status, 0, replayed.console.join("\n"));
  assert.deepEqual(
    replayed.stdout.filter((line) => line.startsWith("[")),
    [
      "[INFO] Starting Node.js build pipeline...",
      "[STEP] Installing dependencies...",
      "[STEP] Building project...",
      "[STEP] Running tests...",
      "[SUCCESS] Build and tests completed successfully.",
    ],
  );
  assert.match(replayed.stderr.at(-1) ?? "", /^k8s-executor: succeeded after .* \(exit status 0\)$/);
  assert.equal(pod.agent(["cat", "/go/pipelines/web/dist/index.html"]).stdout, "built\n");
  assert.equal(scriptsLeft(pod), "");
});

inPod("the reference's task fails with its program's exit status, which the console tells", (pod) => {
  checkOut(pod);
  const failing = JSON.stringify({ name: "web", version: "1.0.0", scripts: { build: "exit 7" } });
  pod.agent(["sh", "-c", "cat > /go/pipelines/web/package.json"], failing);
  const replayed = run(pod, ["--script", REFERENCE_TASK.script]);
  assert.equal(replayed.status, 7, replayed.console.join("\n"));
  assert.match(replayed.stderr.at(-1) ?? "", /^k8s-executor: failed after .* \(exit status 7\)$/);
  assert.doesNotMatch(replayed.stdout.join("\n"), /Running tests|SUCCESS/);
  assert.equal(scriptsLeft(pod), "");
});

inPod("the reference's task as messages to a worker: the same output and result, and nothing left", (pod) => {
  checkOut(pod);
  const { shtype, script } = REFERENCE_TASK;
  const field = (value: string): object => ({ value, secure: false, required: true });
  const config = { shtype: field(shtype), script: field(script) };
  const context = { workingDirectory: "pipelines/web", environmentVariables: { ...GOCD_VARIABLES, TOKEN: "hunter2" } };
  const [fields, checked, ...rest] = pod.work([
    { id: 1, request: "configuration" },
    { id: 2, request: "validate", body: config },
    { id: 3, request: "execute", body: { config, context, maskedVariables: ["TOKEN"] } },
  ]);
  assert.deepEqual(Object.keys(fields?.["response"] ?? {}), ["script", "shtype", "container"]);
  assert.deepEqual(checked?.["response"], { errors: {} });
  const answer = rest.pop();
  assert.deepEqual(answer, { id: 3, response: { success: true, message: "the script ended with exit status 0" } });
  const stdout = rest.filter(({ stream }) => stream === "stdout").map(({ line }) => String(line));
  assert.deepEqual(
    [stdout[0], stdout.at(-1)],
    ["[INFO] Starting Node.js build pipeline...", "[SUCCESS] Build and tests completed successfully."],
  );
  assert.equal(pod.agent(["cat", "/go/pipelines/web/dist/index.html"]).stdout, "built\n");
  const environment = 'echo "$GO_PIPELINE_NAME $TOKEN"; env | grep -c ^GO_EA_; pwd; exit 7';
  const failing = { config: { script: field(environment) }, context, maskedVariables: ["TOKEN"] };
  const [first, secrets, cwd, ended] = pod.work([{ id: "x", request: "execute", body: failing }]);
  assert.deepEqual([first?.["line"], secrets?.["line"], cwd?.["line"]], ["web ******", "0", "/go/pipelines/web"]);
  const message = "the script ended with exit status 7";
  assert.deepEqual(ended, { id: "x", response: { success: false, message } });
  assert.equal(scriptsLeft(pod), "");
});

inPod("shells, script file, directory and variables are as the reference promises", (pod) => {
  for (const shell of ["sh", "bash", "zsh"]) {
    const script = 'echo "$0"; stat -c %a "$0"; pwd; echo "$QUOTE"; env | grep ^GO_ | sort; echo to stderr >&2';
    const variables = { QUOTE: `it's "quoted" $(id) \`id\`` };
    const { stdout, stderr, status } = run(pod, ["--shell", shell, "--script", script], { variables });
    assert.equal(status, 0, stderr.join("\n"));
    const [file, mode, cwd, quote, ...gocd] = stdout;
    assert.match(file ?? "", /^\/go\/pipelines\/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}\.sh$/);
    assert.equal(mode?.[0], "7", "its owner may execute it");
    assert.deepEqual([cwd, quote], ["/go/pipelines/web", variables.QUOTE]);
    const expected = Object.entries(GOCD_VARIABLES).map(([name, value]) => `${name}=${value}`);
    assert.deepEqual(gocd, expected.toSorted());
    assert.equal(stderr[1], "to stderr");
  }
  assert.equal(scriptsLeft(pod), "");
});

inPod("the console is as docs/gocd.md shows it, and the job's choice of its container goes in", (pod) => {
  const document = readFileSync(path.join(REPOSITORY, "docs/gocd.md"), "utf8");
  const [, shown = ""] = /^## Console\n\n```\n([\s\S]*?)\n```$/m.exec(document) ?? [];
  const plain = (text: string): string =>
    text.replaceAll(/(?<=process )\d+/g, "N").replaceAll(/(?<=after )[\d.]+ m?s/g, "TIME");
  const script = 'echo "$K8S_EXECUTOR_TARGET"; exit 3';
  const variables = { K8S_EXECUTOR_TARGET: "build-environment" };
  const { stdout, stderr } = run(pod, ["--shell", "bash", "--script", script], { variables });
  assert.deepEqual(stdout, ["build-environment"]);
  assert.equal(plain([stderr[0], "...", ...stderr.slice(1)].join("\n")), plain(shown));
});

inPod("what is not the script's failure is told as such", (pod) => {
  const { status, stderr } = run(pod, ["--shell", "fish", "--script", ":"]);
  assert.deepEqual([status, stderr.at(-1)?.startsWith('k8s-executor: the shell "fish" was not found')], [127, true]);
});

inPod("the example's pipeline: each task does what it says", (pod) => {
  checkOut(pod);
  const tasks = tasksOf(WEB, { NPM_TOKEN: "hunter2" });
  assert.deepEqual(
    tasks.map(({ runIf }) => runIf),
    ["passed", "passed", "failed", "any"],
  );
  const replays = tasks.map(({ job }) => pod.replay(job));
  for (const { status, console } of replays) assert.equal(status, 0, console.join("\n"));
  const [build, tests, , clean] = replays;
  assert.ok(build?.stdout.includes(`building web 17 with --name="it's $5"`), build?.stdout.join("\n") ?? "");
  assert.ok(tests?.stdout.includes("tested"));
  assert.match(tests?.stderr[0] ?? "", /running npm in \/go\/pipelines\/web\/packages\/server,/);
  assert.equal(pod.agent(["sh", "-c", "ls -d /go/pipelines/web/reports/_logs/*"]).status, 0);
  assert.deepEqual(clean?.console, []);
  for (const { console } of replays) assert.doesNotMatch(console.join("\n"), /hunter2/);
});

for (const backend of BACKENDS) {
  inPod(`cancelled, by ${backend}: the tree ends, the exit status tells, and again: all is killed`, (pod) => {
    // What a killed supervisor left before is removed by the next step, but not by one of nsenter's.
    pod.agent(["sh", "-c", "rm -f /go/pipelines/*.sh"]);
    const mark = "0.4242";
    const gone = "until ! ps -o args | grep -q '^sleep 1000 0[.]4242'; do sleep 0.05; done";
    const treeEnds = (): void => assert.equal(pod.agent(["timeout", "10", "sh", "-c", gone]).status, 0);
    const polite = run(pod, ["--backend", backend, "--script", treeScript({ mark, leaves: true })], {
      cancelOn: ["ready"],
    });
    assert.equal(polite.status, 143);
    treeEnds();
    assert.equal(scriptsLeft(pod), "");
    const stubborn = treeScript({ mark, leaves: true, trap: "echo still here", childTrap: "" });
    const killed = run(pod, ["--backend", backend, "--kill-after", "1h", "--script", stubborn], {
      cancelOn: ["ready", "still here"],
    });
    assert.deepEqual([killed.status, killed.signal], [null, "SIGKILL"]);
    treeEnds();
  });
}
