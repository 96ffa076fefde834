import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";

import type { ContainerInfo } from "../../src/index.ts";
import { SHOP, tasksOf } from "../gocd/pipeline.ts";
import { PACKAGE } from "../pod/pod.ts";
import { checkOutShop, linkPackage, SHOP_FILES } from "../pod/shop.ts";
import type { SeveralPod } from "../pod/several-pod.ts";
import { withSeveralPod } from "../pod/several-tests.ts";
import { rerun, transcriptsOf, withoutNumbers } from "../pod/transcripts.ts";
import type { Output } from "../pod/podman.ts";
import { REPOSITORY } from "../support/programs.ts";

/** The programs of examples/several-containers, in the Pod of its manifest. */
const inPod = withSeveralPod();

/** Node 20 needs it for TypeScript. */
const TSX = ["--import", `${PACKAGE}/node_modules/tsx/dist/loader.mjs`];

function runJob(pod: SeveralPod): Output {
  linkPackage(pod);
  return pod.in("agent", ["node", ...TSX, "ci/job.ts"], ["--workdir", "/go/pipelines/shop"]);
}

/** What the job printed of one of its parts. */
function linesOf(stdout: string, part: string): string[] {
  return stdout.split("\n").filter((line) => line.startsWith(`[${part}] `));
}

inPod("the agent's entrypoint is content with any other container, and has become the agent", (pod) => {
  const { stdout } = pod.cli(["containers", "--json"]);
  const [agent] = JSON.parse(stdout) as ContainerInfo[];
  assert.deepEqual([agent?.role, agent?.command], ["agent", ["sleep", "1000000"]]);
});

// Before the others, in a Pod in which nothing has happened yet.
inPod("the transcripts of docs/containers.md are what the commands print", (pod) => {
  const shown = transcriptsOf(readFileSync(path.join(REPOSITORY, "docs/containers.md"), "utf8"));
  assert.notEqual(shown.length, 0);
  for (const block of shown) assert.equal(withoutNumbers(rerun(pod, block)), withoutNumbers(block));
});

inPod("containers --json has the fields of docs/containers.md, and null for no limit", (pod) => {
  const table =
    readFileSync(path.join(REPOSITORY, "docs/containers.md"), "utf8").match(/^\| field [\s\S]*?\n\n/m)?.[0] ?? "";
  const rows = table
    .split("\n")
    .slice(2)
    .map((row) => row.split("|")[1] ?? "");
  const documented = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, field = ""]) => field));
  const infos = JSON.parse(pod.cli(["containers", "--json"]).stdout) as ContainerInfo[];
  const shown = infos.flatMap(({ cgroup, ...rest }) => [
    ...Object.keys(rest),
    ...Object.keys(cgroup).map((name) => `cgroup.${name}`),
  ]);
  // All of them can be entered.
  assert.deepEqual([...new Set([...shown, "obstacle"])].toSorted(), documented.toSorted());
  const limits = infos.map(({ name, cgroup }) => [name, cgroup.cpuLimit]);
  assert.deepEqual(limits.slice(0, 2), [
    ["agent", null],
    [undefined, null],
  ]);
});

inPod("the job builds in maven and golang at once, both with the database", (pod) => {
  checkOutShop(pod, PACKAGE);
  const { status, stdout, stderr } = runJob(pod);
  assert.deepEqual([status, stderr], [0, ""], stdout);
  assert.deepEqual(linesOf(stdout, "maven"), [
    "[maven] [INFO] maven verify as root",
    "[maven] maven saw golang",
    "[maven] exit status 0",
  ]);
  assert.deepEqual(linesOf(stdout, "golang"), [
    "[golang] go test ./... as builder",
    "[golang] golang saw maven",
    "[golang] exit status 0",
  ]);
});

inPod("its exit status is that of the first part that failed, and the other one is told too", (pod) => {
  checkOutShop(pod, PACKAGE, {
    ...SHOP_FILES,
    "main_test.sh": "echo broken >&2; exit 7",
    "src/test/verify.sh": "exit 0",
  });
  const one = runJob(pod);
  assert.deepEqual([one.status, one.stderr], [7, ""], one.stdout);
  for (const line of ["[golang] broken", "[golang] exit status 7", "[maven] exit status 0"]) {
    assert.ok(one.stdout.split("\n").includes(line), one.stdout);
  }
  checkOutShop(pod, PACKAGE, { ...SHOP_FILES, "main_test.sh": "exit 7", "src/test/verify.sh": "exit 3" });
  assert.equal(runJob(pod).status, 3);
});

inPod("a container that is killed meanwhile fails its part alone", (pod) => {
  const { pid } = pod.inspect("golang");
  checkOutShop(pod, PACKAGE, {
    ...SHOP_FILES,
    "main_test.sh": `kill -9 ${pid}; sleep 1000`,
    "src/test/verify.sh": "echo verified",
  });
  const { status, stdout, stderr } = runJob(pod);
  assert.equal(status, 125, stdout);
  assert.match(stderr, new RegExp(`^\\[golang\\] .*the container's main process ${pid} has ended;`));
  // golang's last lines may come between those of maven.
  assert.deepEqual(linesOf(stdout, "maven").slice(-2), ["[maven] verified", "[maven] exit status 0"]);
});

inPod("each task of the pipeline does what it says", (pod) => {
  checkOutShop(pod, PACKAGE);
  pod.in("database", ["redis-cli", "set", "left", "over"]);
  const tasks = tasksOf(SHOP);
  assert.deepEqual(
    tasks.map(({ runIf }) => runIf),
    ["passed", "passed", "passed", "passed", "any"],
  );
  const replays = tasks.map(({ job }) =>
    pod.replay(job.command === "node" ? { ...job, arguments: [...TSX, ...job.arguments] } : job),
  );
  for (const { status, console } of replays) assert.equal(status, 0, console.join("\n"));
  const [flush, vet, link, job, clean] = replays;
  assert.deepEqual(flush?.stdout, ["OK"]);
  assert.equal(pod.in("database", ["redis-cli", "exists", "left"]).stdout, "0\n");
  assert.deepEqual(vet?.stdout, []);
  assert.match(vet?.stderr[0] ?? "", /running go in \/go\/pipelines\/shop, in the container .*golang/);
  assert.deepEqual(link?.console, []);
  assert.ok(job?.stdout.includes("[maven] maven saw golang"), job?.console.join("\n") ?? "");
  assert.deepEqual(clean?.stdout, []);
});
