import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { startAttack } from "./attack.ts";
import { outcomeOf } from "./alive.ts";
import { SUPERVISED, Violation, type HostileCase } from "./case.ts";
import { withHostileGuest } from "./hostile-guest.ts";

const STEPS = 25;
/** Writing so much takes longer than the attack needs. */
const SCRIPT = `# ${"x".repeat(4_000_000)}\nexit 0`;

/** A guest that puts links to a file of the agent's in the place of every script, while it is being written. */
export const swappedScript: HostileCase = {
  name: "swapped-script",
  needs: ["root", "cc", "unshare", "setpriv"],
  run: () =>
    withHostileGuest({ uid: 1000 }, async (target) => {
      const canary = path.join(target.sharedRoot, "../canary");
      writeFileSync(canary, "of the agent's", { mode: 0o600 });
      const look = (): string => {
        const { mode, uid, gid, ino } = statSync(canary);
        return JSON.stringify([mode, uid, gid, ino, readFileSync(canary, "utf8")]);
      };
      const before = look();
      for (const backend of SUPERVISED) {
        const attack = await startAttack(await target.connect("native"), "swap", "/work", canary);
        const guest = await target.connect(backend);
        for (let step = 0; step < STEPS; step++) {
          await outcomeOf("a script that is swapped", guest.run({ script: SCRIPT, timeout: 10_000 }));
          if (look() !== before) throw new Violation(`a file of the agent's was changed: ${before} became ${look()}`);
        }
        await attack.end();
      }
    }),
};
