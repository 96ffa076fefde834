import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { makeAgentImage } from "../pod/images.ts";
import { PACKAGE } from "../pod/pod.ts";
import { Podman } from "../pod/podman.ts";
import { ScratchContainer } from "../pod/scratch-container.ts";
import { makeScratchImage } from "../pod/scratch-image.ts";
import { ScratchPod } from "../pod/scratch-pod.ts";
import { childrenOf } from "../support/children.ts";
import { BACKENDS } from "../support/contract.ts";
import { canRun, missing } from "../support/require.ts";
import { until } from "../support/until.ts";

const NEEDS = ["root", "podman", "runc", "jq", "busybox", "nsenter", "tar", "cc"];

let podman: Podman | undefined;

before(() => {
  if (missing(NEEDS).length > 0) return;
  podman = new Podman();
  makeAgentImage(podman);
  makeScratchImage(podman);
});
after(() => podman?.close());

test("in a Pod, a container of an image that holds nothing runs pause and has steps", async (t) => {
  if (!canRun(t, NEEDS)) return;
  const pod = new ScratchPod(podman as Podman);
  try {
    const find = "grep -lx '/tools/pause.nothing.' /proc/[0-9]*/cmdline | cut -d/ -f3";
    const pid = pod.agent(["sh", "-c", find]).stdout.trim();
    assert.match(pid, /^\d+$/, "its name is on its command line");
    const cli = [`${PACKAGE}/dist/cli/k8s-executor`];
    const step = (backend: string, ...program: string[]): unknown[] => {
      const { status, stdout, stderr } = pod.agent([...cli, "exec", "--backend", backend, "--pid", pid, ...program]);
      return [status, stdout, stderr];
    };
    const isNamed = 'echo "hello from $K8S_EXECUTOR_CONTAINER"';
    for (const backend of BACKENDS.filter((name) => name !== "nsenter")) {
      await t.test(`a step by ${backend}`, () => {
        assert.deepEqual(step(backend, "/tools/busybox", "sh", "-c", isNamed), [0, "hello from nothing\n", ""]);
      });
    }
    await t.test("nsenter needs a shell in the container, and says so", () => {
      const [status, , stderr] = step("nsenter", "/tools/busybox", "true");
      assert.equal(status, 127);
      assert.match(String(stderr), /^k8s-executor: /);
    });
    await t.test("a step cannot replace pause", () => {
      const replace = "/tools/busybox cp /tools/busybox /tools/pause";
      const [status, , stderr] = step("native", "/tools/busybox", "sh", "-c", replace);
      assert.equal(status, 1);
      assert.match(String(stderr), /Read-only file system/);
    });
    await t.test("TERM ends it with exit status 0", () => assert.equal(pod.stop(), "0"));
  } finally {
    pod.close();
  }
});

test("as PID 1 of a container, pause reaps what podman exec leaves, and ends with it", async (t) => {
  if (!canRun(t, NEEDS)) return;
  const container = new ScratchContainer(podman as Podman, "alone");
  assert.equal(container.busybox("cat", "/proc/1/cmdline"), "/tools/pause\0alone\0");
  const [orphan = ""] = container
    .busybox("sh", "-c", "(/tools/busybox sleep 1000000 >/dev/null 2>&1 & echo $!)")
    .trim()
    .split("\n");
  assert.match(orphan, /^\d+$/);
  assert.equal(childrenOf(container.pid).length, 1, "it was orphaned");
  container.busybox("kill", orphan);
  await until("it is reaped", () => childrenOf(container.pid).length === 0);
  assert.equal(container.stop(), "0");
});
