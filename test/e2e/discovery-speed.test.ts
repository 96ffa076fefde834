import assert from "node:assert/strict";
import { test } from "node:test";

import { mainCandidates } from "../../src/discovery/main-process.ts";
import { readProcess } from "../../src/discovery/processes.ts";
import { accessProc, type Proc } from "../../src/system/index.ts";
import { descendantsOf } from "../support/children.ts";
import { withAlone } from "../support/own-namespace.ts";
import { canRun } from "../support/require.ts";

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
