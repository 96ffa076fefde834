import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "../../src/index.ts";
import { agentOf, jobOf, replay } from "../gocd/replay.ts";
import type { ThrowAwayGuest } from "../guests/guest.ts";
import { BACKENDS, withGuest } from "../support/contract.ts";
import { processesWith } from "../support/processes.ts";
import { killIfAlive } from "../support/children.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

const MARK = `0.${process.pid}`;

/** That there is none would be no proof if none could be seen. */
async function mustSee({ pid }: ThrowAwayGuest): Promise<void> {
  await using guest = await connect({ pid });
  const step = guest.exec(["sleep", "1000", MARK]);
  await until("it is seen", () => processesWith(MARK).length === 1);
  step.kill("SIGKILL");
  await step;
  assert.deepEqual(processesWith(MARK), []);
}

// GoCD's SIGTERM reaches the script as soon as our own process, so the script's end may be what the supervisor, or with nsenter
// our own process, sees first. What is left then is found by the step's id.
for (const namespaces of ["mnt", "all"] as const) {
  for (const backend of BACKENDS) {
    test(`${backend}, ${namespaces}: cancelled, a background process that ignores SIGTERM is killed too`, async (t) => {
      if (!canRun(t, ["unshare"])) return;
      await withGuest({ namespaces }, async (guest) => {
        await mustSee(guest);
        const script = `sh -c "trap '' TERM; echo ready; exec sleep 1000 ${MARK}" & wait`;
        const args = ["run", "--backend", backend, "--kill-after", "100ms", "--script", script];
        for (let time = 0; time < 5; time++) {
          const { status } = await replay(jobOf(args, { cancelOn: ["ready"] }), agentOf(guest), guest.sharedRoot);
          const alive = processesWith(MARK);
          for (const pid of alive) killIfAlive(pid);
          assert.equal(status, 143);
          assert.deepEqual(alive, [], `cancellation ${time}`);
        }
      });
    });
  }
}
