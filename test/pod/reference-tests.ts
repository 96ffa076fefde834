import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import type { Target } from "../contract/index.ts";
import { compareIdentities } from "./compare.ts";
import { makeImages } from "./images.ts";
import { PACKAGE, Pod } from "./pod.ts";
import { Podman } from "./podman.ts";
import { assertContractPassed, BACKENDS } from "../support/contract.ts";
import { canRun } from "../support/require.ts";

const CLI = `${PACKAGE}/dist/cli/k8s-executor`;

/**
 * Declares the test of the reference Pod, from inside the agent's container of examples/pod.yaml, which podman starts from
 * that manifest.
 *
 * @param uid The user of the build container.
 */
export function testReferencePod(uid: number): void {
  const who = uid === 0 ? "root" : `user ${uid}`;
  test(`the reference Pod with a build container of ${who}`, async (t) => {
    if (!canRun(t, ["root", "podman", "runc", "jq", "busybox", "nsenter"])) return;
    const podman = new Podman();
    try {
      makeImages(podman);
      const pod = new Pod(podman, uid);
      try {
        await checkPod(t, pod, uid, who);
      } finally {
        pod.close();
      }
    } finally {
      podman.close();
    }
  });
}

async function checkPod(t: TestContext, pod: Pod, uid: number, who: string): Promise<void> {
  await t.test(`nothing says which container it is, as ${who}`, () => {
    const { stdout, stderr, status } = pod.agent([CLI, "exec", "cat", "/proc/self/status"]);
    assert.deepEqual([stderr, status], ["", 0]);
    assert.match(stdout, new RegExp(`^Uid:\\s+${uid}\\s`, "m"));
    assert.match(pod.agent([CLI, "containers"]).stdout, new RegExp(`^build-environment +guest +${pod.pid} `, "m"));
  });
  await t.test(`contract: a build container of ${who}`, () => checkContractInPod(pod, uid));
  for (const backend of BACKENDS) {
    await t.test(`the command line runs a script by ${backend}, as ${who}`, () => checkCli(pod, backend, uid));
  }
  await t.test(`a step is what podman exec would have made it, but for what is named, as ${who}`, () => {
    const strange = compareIdentities(pod).filter((row) => !row.isExplained);
    assert.deepEqual(strange, []);
  });
}

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
  const { status, stdout, stderr } = pod.agent(
    [CLI, "run", "--backend", backend, "--env", "PROJECT", "--shell", "bash", "--script", script],
    env,
  );
  assert.deepEqual([stdout, status, stderr], [`building it's "quoted" as ${uid}\n`, 42, ""]);
}
