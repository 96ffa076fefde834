import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import type { Job } from "../gocd/job.ts";
import { agentOf, jobOf, replay, type Replay } from "../gocd/replay.ts";
import type { ThrowAwayGuest } from "../guests/guest.ts";
import { BACKENDS, withGuest } from "../support/contract.ts";
import { processesWith } from "../support/processes.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

/** By this each process of a script is known; sleep(1) adds it up. */
const MARK = `0.${process.pid}`;
const SLEEP = `sleep 1000 ${MARK}`;

/** A tree: a child, one of its own; and one that left the process group and the session. */
const GROUP = `${SLEEP} & sh -c '${SLEEP} & wait' &`;
/** Waits until each of the three runs. */
const UNTIL_WHOLE = `n=0; while [ $n -lt 3 ]; do
  n=0; for p in /proc/[0-9]*; do grep -qsa ^sleep $p/cmdline && grep -qsa ${MARK} $p/cmdline && n=$((n+1)); done
done;`;
const TREE = `${GROUP} setsid sh -c '${SLEEP}; :' &`;

for (const namespaces of ["all", "mnt"] as const) {
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

    // What left the group and did not get, or ignores, the agent's signal is lost to nsenter, and in another pid namespace:
    // README.md says so.
    const found = backend === "nsenter" || namespaces === "all" ? GROUP : TREE;
    // nsenter does not know what left the group; that has got the signal too, and ends by itself.
    const assertTreeEnded = async (): Promise<void> => {
      if (backend === "nsenter") await until("the tree has ended", () => processesWith(MARK).length === 0);
      assert.deepEqual(processesWith(MARK), []);
    };

    inGuest("cancelled, the whole tree ends, and the exit status tells", async (guest) => {
      const { status, stderr, cancels } = await run(guest, `${TREE} echo ready; wait`, { cancelOn: ["ready"] });
      assert.equal(cancels.length, 1);
      assert.equal(status, 143);
      assert.match(stderr.at(-1) ?? "", /^k8s-executor: cancelled by SIGTERM after .* \(exit status 143\)$/);
      await assertTreeEnded();
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

    inGuest("what does not end is killed", async (guest) => {
      const script = `trap '' TERM; ${found} echo ready; wait`;
      const { status } = await run(guest, script, { cancelOn: ["ready"] }, "--kill-after", "100ms");
      assert.equal(status, backend === "nsenter" && namespaces === "all" ? 143 : 137);
      await until("the tree has ended", () => processesWith(MARK).length === 0);
      assert.deepEqual(scriptsOf(guest), []);
    });

    inGuest("cancelled again, all is killed at once", async (guest) => {
      // The tree is whole then and forks nothing more: what came after the agent had looked for its descendants, nobody of
      // us would be left to end.
      const script = `trap 'echo still here' TERM; ${TREE} ${UNTIL_WHOLE} echo ready; while :; do :; done`;
      const { status, signal, cancels } = await run(
        guest,
        script,
        { cancelOn: ["ready", "still here"] },
        "--kill-after",
        "1h",
      );
      if (backend === "nsenter" && namespaces === "all") {
        // nsenter itself ends with the first signal, and we may have ended before the second.
        assert.ok(status === 143 || signal === "SIGKILL", `${status} ${signal}`);
      } else {
        assert.deepEqual(
          cancels.map(({ cancel }) => cancel),
          ["SIGTERM", "SIGKILL"],
        );
        assert.deepEqual([status, signal], [null, "SIGKILL"]);
      }
      await until("the tree has ended", () => processesWith(MARK).length === 0);
    });

    inGuest("cancelled before it has begun, nothing of it runs on", async (guest) => {
      const script = `${found} wait`;
      for (let time = 0; time < 3; time++) {
        const command = `echo starting; exec k8s-executor run --backend ${backend} --script "$0"`;
        const job = jobOf([], { command: "sh", arguments: ["-c", command, script], cancelOn: ["starting"] });
        const { status, signal } = await replay(job, agentOf(guest), guest.sharedRoot);
        assert.notEqual(status ?? signal, 0);
        await until("the tree has ended", () => processesWith(MARK).length === 0);
        assert.deepEqual(scriptsOf(guest), []);
      }
    });

    inGuest("a shell between the agent and us does not matter", async (guest) => {
      const command = `k8s-executor run --backend ${backend} --script "$0"; echo after`;
      const job = jobOf([], {
        command: "bash",
        arguments: ["-c", command, `${TREE} echo ready; wait`],
        cancelOn: ["ready"],
      });
      const { status, signal, stdout } = await replay(job, agentOf(guest), guest.sharedRoot);
      assert.deepEqual([status, signal, stdout], [null, "SIGTERM", ["ready"]]);
      await assertTreeEnded();
    });
  }
}

function scriptsOf({ sharedRoot }: ThrowAwayGuest): string[] {
  return readdirSync(sharedRoot).filter((name) => name.endsWith(".sh"));
}
