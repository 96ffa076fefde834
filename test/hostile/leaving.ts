import { readlinkSync } from "node:fs";

import { connect, ExecutorError, type Guest } from "../../src/index.ts";
import { Attack } from "./attack.ts";
import { describe, outcomeOf } from "./alive.ts";
import { boundingSetOf, requireWithin } from "./capabilities.ts";
import { SUPERVISED, Violation, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";

/** What it runs is neither elsewhere nor has more than it may. Answers why it refused, where it did. */
async function look(
  what: string,
  guest: Guest,
  userNamespace: string,
  bounding: bigint,
): Promise<ExecutorError | undefined> {
  const where = await outcomeOf(what, guest.exec(["readlink", "/proc/self/ns/user"]));
  if (where instanceof ExecutorError) return where;
  if (where.stdout !== userNamespace) throw new Violation(`${what} ran in ${describe(where)}, not ${userNamespace}`);
  const status = await outcomeOf(what, guest.exec([ATTACK, "status"]));
  if (status instanceof ExecutorError) return status;
  requireWithin(what, status.stdout ?? "", bounding);
  return undefined;
}

/** Where nothing has changed under it, a refusal would hide what is looked for. */
function mustRun(refusal: ExecutorError | undefined): void {
  if (refusal) throw new Error(`the step did not run: ${describe(refusal)}`);
}

/** A main process that leaves for a user and a mount namespace of its own, once we are connected. */
export const leaving: HostileCase = {
  name: "leaving",
  needs: ["root", "cc", "unshare", "setpriv"],
  run: () =>
    withHostileGuest({}, async (target) => {
      const bounding = boundingSetOf(target.pid);
      const ours = readlinkSync("/proc/self/ns/user");
      for (const backend of SUPERVISED) {
        const main = new Attack((await target.connect(backend)).exec([ATTACK, "leave"], { stdin: "pipe" }));
        await main.said("ready");
        const before = await connect({ pid: main.pid, backend });
        mustRun(await look(`${backend}: before it left`, before, ours, bounding));
        main.step.stdin?.end("go\n");
        await main.said("left");
        // A step neither follows it nor runs where it was: what was connected to is no longer there.
        const left = await look(`${backend}: a connection of before`, before, ours, bounding);
        if (left?.code !== "CONTAINER_GONE") throw new Violation(`${backend}: ${left ? describe(left) : "it ran"}`);
        const theirs = readlinkSync(`/proc/${main.pid}/ns/user`);
        const after = await connect({ pid: main.pid, backend });
        // Its user namespace may deny what a step needs.
        const refusal = await look(`${backend}: a connection of after`, after, theirs, boundingSetOf(main.pid));
        if (refusal?.code !== "PERMISSION_DENIED") mustRun(refusal);
        before.close();
        after.close();
        main.step.kill("SIGKILL");
        await main.step;
      }
    }),
};
