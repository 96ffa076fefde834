import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { connect } from "../../src/index.ts";
import type { Job } from "../gocd/job.ts";
import { agentOf, jobOf, replay, type Replay } from "../gocd/replay.ts";
import { treeScript } from "../gocd/tree.ts";
import type { ThrowAwayGuest } from "../guests/guest.ts";
import { BACKENDS, withGuest } from "../support/contract.ts";
import { processesWith } from "../support/processes.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

/** By this each process of a script is known. */
const mark = `0.${process.pid}`;

for (const namespaces of ["all", "mnt"] as const) {
  test(`${namespaces}: a tree is seen by its mark`, async (t) => {
    if (!canRun(t, ["unshare", "setsid"])) return;
    await withGuest({ namespaces }, async ({ pid }) => {
      await using guest = await connect({ pid });
      const step = guest.run({ script: treeScript({ mark, leaves: true }) });
      await once(step.stdout, "data");
      // A child, a child's child, and one that has left the group. What ready says is that they are about to be so.
      await until("the tree is seen", () => processesWith(mark).length === 3);
      step.kill();
      assert.equal((await step).leftoverProcesses, 0);
      assert.deepEqual(processesWith(mark), []);
    });
  });

  for (const backend of BACKENDS) {
    const name = (what: string): string =>
      `${backend}, ${namespaces === "all" ? "a pid namespace of its own" : "shared pids as in a Pod"}: ${what}`;
    const inGuest = (what: string, body: (guest: ThrowAwayGuest) => Promise<void>): void => {
      test(name(what), async (t) => {
        if (canRun(t, ["unshare", "setsid"])) await withGuest({ namespaces }, body);
      });
    };
    const run = (guest: ThrowAwayGuest, script: string, more: Partial<Job>, ...options: string[]): Promise<Replay> =>
      replay(
        jobOf(["run", "--backend", backend, ...options, "--script", script], more),
        agentOf(guest),
        guest.sharedRoot,
      );

    const treeEnds = (): Promise<void> => until("the tree has ended", () => processesWith(mark).length === 0);

    inGuest("cancelled, the whole tree ends, and the exit status tells", async (guest) => {
      const script = treeScript({ mark, leaves: true });
      const { status, stderr, cancels } = await run(guest, script, { cancelOn: ["ready"] });
      assert.equal(cancels.length, 1);
      assert.equal(status, 143);
      assert.match(stderr.at(-1) ?? "", /^k8s-executor: cancelled by SIGTERM after .* \(exit status 143\)$/);
      await treeEnds();
      assert.deepEqual(scriptsOf(guest), []);
    });

    inGuest("a script that tidies up and ends well was cancelled all the same", async (guest) => {
      const script = `trap 'echo tidied; exit 0' TERM; echo ready; while :; do sleep 0.01; done`;
      const { status, stdout } = await run(guest, script, { cancelOn: ["ready"] });
      assert.equal(status, 143);
      // nsenter waits for a script in another pid namespace, and has got the signal too.
      if (backend !== "nsenter" || namespaces === "mnt") assert.deepEqual(stdout, ["ready", "tidied"]);
      assert.deepEqual(scriptsOf(guest), []);
    });

    // In another pid namespace nsenter itself waits for the script, and the agent's signal ends it: what is deaf to it is lost.
    if (backend !== "nsenter" || namespaces === "mnt") {
      inGuest("what does not end is killed", async (guest) => {
        const script = treeScript({ mark, leaves: true, trap: "", childTrap: "" });
        const { status } = await run(guest, script, { cancelOn: ["ready"] }, "--kill-after", "100ms");
        assert.equal(status, 137);
        await treeEnds();
        assert.deepEqual(scriptsOf(guest), []);
      });

      inGuest("cancelled again, all is killed at once", async (guest) => {
        const script = treeScript({ mark, leaves: true, trap: "echo still here", childTrap: "" });
        const { status, signal, cancels } = await run(
          guest,
          script,
          { cancelOn: ["ready", "still here"] },
          "--kill-after",
          "1h",
        );
        assert.deepEqual(
          cancels.map(({ cancel }) => cancel),
          ["SIGTERM", "SIGKILL"],
        );
        assert.deepEqual([status, signal], [null, "SIGKILL"]);
        await treeEnds();
      });
    }

    // nsenter's documented limits: the script outlives us when we are killed.
    if (backend !== "nsenter") {
      inGuest("cancelled before it has begun, nothing of it runs on", async (guest) => {
        for (let time = 0; time < 3; time++) {
          const command = `echo starting; exec k8s-executor exec --backend ${backend} sleep 1000 ${mark}`;
          const job = jobOf([], { command: "sh", arguments: ["-c", command], cancelOn: ["starting"] });
          const { status, signal } = await replay(job, agentOf(guest), guest.sharedRoot);
          // The launcher's, or that of the command line.
          assert.ok(signal === "SIGTERM" || status === 143, `${signal} ${status}`);
          await treeEnds();
        }
      });
    }

    inGuest("a shell between the agent and us does not matter", async (guest) => {
      const command = `k8s-executor run --backend ${backend} --script "$0"; echo after`;
      const job = jobOf([], {
        command: "bash",
        arguments: ["-c", command, treeScript({ mark, leaves: true })],
        cancelOn: ["ready"],
      });
      const { status, signal, stdout } = await replay(job, agentOf(guest), guest.sharedRoot);
      assert.deepEqual([status, signal, stdout], [null, "SIGTERM", ["ready"]]);
      await treeEnds();
    });
  }
}

function scriptsOf({ sharedRoot }: ThrowAwayGuest): string[] {
  return readdirSync(sharedRoot).filter((name) => name.endsWith(".sh"));
}
