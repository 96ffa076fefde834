import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { mainCandidates } from "../../src/discovery/main-process.ts";
import { readProcess } from "../../src/discovery/processes.ts";
import type { ContainerInfo } from "../../src/index.ts";
import { accessProc, type Proc } from "../../src/system/index.ts";
import { descendantsOf } from "../support/children.ts";
import { inCgroups } from "../support/cgroups.ts";
import { CLI } from "../support/cli.ts";
import { withGuest } from "../support/contract.ts";
import { withAlone } from "../support/own-namespace.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

const PROC = accessProc();
const CROWD = "for i in $(seq 60); do sleep 1000 & done; echo ready; wait";

/** The same by the parent that each process names itself. */
function candidatesOneByOne(pids: ReadonlySet<number>): number[] {
  const found = [...pids].flatMap((pid) => readProcess(PROC, pid) ?? []).filter(({ parent }) => !pids.has(parent));
  return found.toSorted((one, other) => one.startTime - other.startTime || one.pid - other.pid).map(({ pid }) => pid);
}

function candidates(proc: Proc, pids: ReadonlySet<number>): number[] {
  return mainCandidates(proc, pids).map(({ pid }) => pid);
}

test("the main process of many is found without reading each of its children", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  await withAlone(CROWD, {}, async ({ pid }) => {
    const read: string[] = [];
    const counting: Proc = {
      ...PROC,
      read: (file, limit) => (read.push(file), PROC.read(file, limit)),
      readLine: (file) => (read.push(file), PROC.readLine(file)),
    };
    // In whatever order they are listed.
    const pids = new Set([...descendantsOf(pid).toReversed(), pid]);
    assert.ok(pids.size > 60);
    assert.deepEqual(candidates(counting, pids), [pid]);
    assert.ok(read.length < 12, read.join(" "));
    // Without the parent each is one; a list that is cut off, or that the kernel does not have, hides nobody.
    const children = new Set(descendantsOf(pid));
    assert.deepEqual(candidates(PROC, children), candidatesOneByOne(children));
    assert.equal(candidates(PROC, children).length, children.size);
    const numbers = [...children].join(" ");
    for (const length of [numbers.length - 1, 1, 0]) {
      const cut: Proc = {
        ...PROC,
        read: (file, limit) =>
          file.endsWith("/children") ? Buffer.from(numbers.slice(0, length)) : PROC.read(file, limit),
      };
      assert.deepEqual(candidates(cut, pids), [pid]);
    }
    const without: Proc = { ...PROC, read: () => PROC.read("/proc/self/none") };
    assert.deepEqual(candidates(without, pids), [pid]);
  });
});

test("a process whose number is the beginning of a child's is not taken for it where the list is cut off", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  await withAlone(CROWD, {}, async ({ pid }) => {
    const [child = 0] = descendantsOf(pid);
    // As if it were listed as the beginning of a longer number.
    const cut: Proc = { ...PROC, read: () => Buffer.from(String(child)) };
    assert.deepEqual(candidates(cut, new Set([child])), [child]);
  });
});

/** What is in the way, as it is listed and as connecting tells it. */
function obstacles(pid: number, prefix: readonly string[]): [listed: string | undefined, told: string] {
  const run = (args: readonly string[]): string => {
    const [program = "", ...rest] = [...prefix, CLI, ...args];
    const { stdout, stderr } = spawnSync(program, rest, { encoding: "utf8" });
    return stdout + stderr;
  };
  const infos = JSON.parse(run(["containers", "--json"])) as ContainerInfo[];
  const told = run(["exec", "--pid", String(pid), "true"]).replace(/^k8s-executor: (.*)\n$/, "$1");
  return [infos.find((info) => info.pid === pid)?.obstacle, told];
}

test("what is in the way is said as connecting says it, although nothing is pinned", async (t) => {
  if (!canRun(t, ["root", "unshare", "setpriv", "busybox"])) return;
  await withGuest({ namespaces: "mnt", uid: 1000 }, async ({ pid }) => {
    // In cgroups of its own it is told from us by those who may not look into it.
    await inCgroups(pid, async () => {
      assert.deepEqual(obstacles(pid, []), [undefined, ""]);
      for (const [capabilities, message] of [
        ["-kill", /^not permitted to end steps of the container's user 1000: this process lacks CAP_KILL/],
        ["-sys_ptrace", /^not permitted to look into process \d+: this process lacks CAP_SYS_PTRACE/],
        ["-dac_override,-dac_read_search", /^not permitted to look into process/],
      ] as const) {
        const without = ["setpriv", `--inh-caps=${capabilities}`, `--bounding-set=${capabilities}`];
        const [listed, told] = obstacles(pid, without);
        assert.match(listed ?? "", message);
        assert.equal(listed, told);
      }
    });
  });
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-test-"));
  try {
    // A program of a container runtime's that is on no mount of the container's: runc, on the way into it.
    const script = `mount -t tmpfs none ${directory}; cp "$(command -v busybox)" ${directory}/crun; exec 9< ${directory}/crun;
      umount -l ${directory}; echo ready; exec -a sleep /proc/self/fd/9 1000`;
    await withAlone(script, {}, async ({ pid }) => {
      await until("it runs", () => readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("sleep"));
      const [listed, told] = obstacles(pid, []);
      assert.match(listed ?? "", /the container is being created/);
      assert.equal(listed, told);
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
