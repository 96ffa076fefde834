import os from "node:os";

import { connect, ExecutorError } from "../../src/index.ts";
import { describe, inTime } from "./alive.ts";
import { startAttack } from "./attack.ts";
import { Violation, type HostileCase } from "./case.ts";
import { withHostileGuest, type HostileGuest } from "./hostile-guest.ts";

const { SIGKILL, SIGSTOP } = os.constants.signals;
/** How many trials the attack must hit; one that is stopped takes as long as the agent is patient. */
const HITS = { [SIGKILL]: 5, [SIGSTOP]: 1 };
/** Far more connections than that takes: mostly, one of three is hit. */
const MOST_CONNECTIONS = 2000;

/** Connects, with every backend allowed. Answers whether the trial was hit. */
async function isHit({ pid, sharedRoot, containerRoot }: HostileGuest, what: string): Promise<boolean> {
  const guest = await inTime(what, connect({ pid, sharedRoot, containerRoot, allowDegraded: true }));
  if (guest instanceof ExecutorError) {
    if (guest.code !== "HELPER_LOST") throw new Violation(`${what}: ${describe(guest)}`);
    return true;
  }
  guest.close();
  if (guest.backend !== "native") throw new Violation(`${what}: it chose ${guest.backend} (${guest.backendReason})`);
  return false;
}

/** A guest that ends or stops the helper whenever it is tried: it must not choose by that how steps are started. */
export const trial: HostileCase = {
  name: "trial",
  needs: ["root", "cc", "unshare", "setpriv", "nsenter"],
  run: () =>
    withHostileGuest({}, async (target) => {
      for (const signal of [SIGKILL, SIGSTOP] as const) {
        const attack = await startAttack(await target.connect("native"), "harass", String(signal));
        const what = `signal ${signal} to the helper in its trial`;
        let hits = 0;
        for (let count = 0; hits < (HITS[signal] ?? 1); count++) {
          if (count === MOST_CONNECTIONS) throw new Error(`the attack hit ${hits} of ${count} trials`);
          if (await isHit(target, what)) hits++;
        }
        await attack.end();
      }
    }),
};
