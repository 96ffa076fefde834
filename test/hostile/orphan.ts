import { existsSync } from "node:fs";
import path from "node:path";

import { until } from "../support/until.ts";
import { startAttack } from "./attack.ts";
import { outcomeOf } from "./alive.ts";
import { chances, SUPERVISED, Violation, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";
import { processesOf } from "../support/processes.ts";

/** Each is a chance of hitting the moment between the fork and the step's tying itself to its supervisor. */
const STEPS = chances(150);

/** A guest that kills the supervisor of a step that is on its way in: the step must not run on alone. */
export const orphan: HostileCase = {
  name: "orphan",
  needs: ["root", "cc", "unshare", "setpriv"],
  run: () =>
    withHostileGuest({}, async (target) => {
      const ran = path.join(target.sharedRoot, "ran");
      for (const backend of SUPERVISED) {
        const attack = await startAttack(await target.connect(backend), "orphan");
        const guest = await target.connect(backend);
        for (let step = 0; step < STEPS && !existsSync(ran); step++) {
          await outcomeOf("a step whose supervisor is killed", guest.exec([ATTACK, "alone", "/work/ran"]));
        }
        await attack.end();
        await until("all steps have ended", () => processesOf(ATTACK, "alone").length === 0);
        if (existsSync(ran)) throw new Violation(`${backend}: a step ran although its supervisor was killed before`);
      }
    }),
};
