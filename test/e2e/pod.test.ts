import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import type { Target } from "../contract/index.ts";
import { compareIdentities } from "../pod/compare.ts";
import { makeImages } from "../pod/images.ts";
import { PACKAGE, Pod } from "../pod/pod.ts";
import { Podman } from "../pod/podman.ts";
import { assertContractPassed, BACKENDS } from "../support/contract.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";

const README = path.join(REPOSITORY, "README.md");

/** From inside the agent's container of examples/pod.yaml, started by podman from that manifest. */
test("the reference Pod", async (t) => {
  if (!canRun(t, ["root", "podman", "runc", "jq", "busybox", "nsenter"])) return;
  const podman = new Podman();
  try {
    makeImages(podman);
    for (const uid of [0, 1000]) {
      const pod = new Pod(podman, uid);
      try {
        const who = uid === 0 ? "root" : `user ${uid}`;
        await t.test(`the README's way finds the pid, as ${who}`, () => {
          const [, snippet = "exit 1"] = /```sh\n(ours=.*?)```/s.exec(readFileSync(README, "utf8")) ?? [];
          const { stdout } = pod.agent(["sh", "-c", `${snippet}env | grep PID`]);
          assert.equal(stdout, `GO_K8S_CONTAINER_PID=${pod.pid}\n`);
        });
        await t.test(`contract: a build container of ${who}`, () => checkContractInPod(pod, uid));
        for (const backend of BACKENDS) {
          await t.test(`the command line runs a script by ${backend}, as ${who}`, () => checkCli(pod, backend, uid));
        }
        await t.test(`a step is what podman exec would have made it, but for what is named, as ${who}`, () => {
          const strange = compareIdentities(pod).filter((row) => !row.isExplained);
          assert.deepEqual(strange, []);
        });
      } finally {
        pod.close();
      }
    }
  } finally {
    podman.close();
  }
});

function checkContractInPod(pod: Pod, uid: number): void {
  const target: Target = {
    pid: pod.pid,
    sharedRoot: "/go",
    containerRoot: "/go",
    uid,
    shells: ["bash"],
    sharesPids: true,
  };
  const main = `${PACKAGE}/test/contract/main.ts`;
  const { status, stdout, stderr } = pod.agent([
    "node",
    "--import",
    "tsx",
    main,
    BACKENDS.join(","),
    JSON.stringify(target),
  ]);
  assertContractPassed(status, stdout + stderr);
}

function checkCli(pod: Pod, backend: string, uid: number): void {
  const env = { GO_K8S_CONTAINER_PID: String(pod.pid), PROJECT: 'it\'s "quoted"' };
  const script = 'echo "building $PROJECT as $(id -u)"; bash -c "exit 42"';
  const cli = [`${PACKAGE}/dist/cli/k8s-executor`];
  const { status, stdout, stderr } = pod.agent(
    [...cli, "run", "--backend", backend, "--env", "PROJECT", "--shell", "bash", "--script", script],
    env,
  );
  assert.deepEqual([stdout, status, stderr], [`building it's "quoted" as ${uid}\n`, 42, ""]);
}
