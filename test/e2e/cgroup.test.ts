import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { connect } from "../../src/index.ts";
import { inCgroups } from "../support/cgroups.ts";
import { withGuest } from "../support/contract.ts";
import { canRun } from "../support/require.ts";

test("a step is in the container's cgroups, not in the agent's", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  for (const backend of ["native", "helper"] as const) {
    await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
      await inCgroups(pid, async (directories) => {
        assert.ok(directories.size > 0, "no cgroup hierarchy is mounted here");
        await using guest = await connect({ pid, backend });
        const { stdout, limitations } = await guest.exec(["cat", "/proc/self/cgroup"]);
        const sorted = (text: string): string[] => text.trim().split("\n").toSorted();
        assert.deepEqual(sorted(stdout ?? ""), sorted(readFileSync(`/proc/${pid}/cgroup`, "utf8")));
        assert.deepEqual(limitations, guest.limitations);
      });
    });
  }
});

test("a step that takes too much memory is ended by the container's limit, and reported as out of memory", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  for (const backend of ["native", "helper"] as const) {
    await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
      await inCgroups(pid, async (directories) => {
        const memory = directories.get("memory");
        const [file, swap] = memory
          ? ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]
          : ["memory.max", "memory.swap.max"];
        const directory = memory ?? directories.get("") ?? "";
        writeFileSync(path.join(directory, file), "30000000");
        try {
          writeFileSync(path.join(directory, swap), memory ? "30000000" : "0");
        } catch {
          // A kernel without swap accounting has no such file, and then mostly no swap.
        }
        await using guest = await connect({ pid, backend });
        const hog = "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo survived";
        const direct = await guest.run({ script: hog });
        assert.deepEqual([direct.outOfMemory, direct.failed, direct.stdout], [true, true, ""]);
        const child = await guest.run({ shell: "sh", script: `sh -c '${hog.replaceAll("'", "'\\''")}'; exit $?` });
        assert.deepEqual([child.outOfMemory, child.failed], [true, true]);
        const fine = await guest.run({ script: "kill -KILL $$" });
        assert.deepEqual([fine.outOfMemory, fine.signal], [false, "SIGKILL"]);
      });
    });
  }
});
