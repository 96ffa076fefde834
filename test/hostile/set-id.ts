import { chmodSync, copyFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import path from "node:path";

import { ExecutorError } from "../../src/index.ts";
import { outcomeOf } from "./alive.ts";
import { boundingSetOf, requireWithin } from "./capabilities.ts";
import { SUPERVISED, type HostileCase } from "./case.ts";
import { compiledAttacker } from "./compile.ts";
import { withHostileGuest } from "./hostile-guest.ts";

/** Programs that make an ordinary user root, or give it every capability: of the guest's, they may. */
export const setId: HostileCase = {
  name: "set-id",
  needs: ["root", "cc", "unshare", "setpriv"],
  run: () =>
    withHostileGuest({ uid: 1000 }, async (target) => {
      for (const name of ["setuid", "capable"]) {
        const program = path.join(target.sharedRoot, name);
        copyFileSync(compiledAttacker(), program);
        chmodSync(program, name === "setuid" ? 0o4755 : 0o755);
        if (name === "capable" && spawnSync(program, ["setcap", program]).status !== 0) {
          throw new Error("the file system knows no file capabilities");
        }
        for (const backend of SUPERVISED) {
          const guest = await target.connect(backend);
          const outcome = await outcomeOf(name, guest.exec([`/work/${name}`, "status"]));
          if (outcome instanceof ExecutorError) throw outcome;
          requireWithin(`a ${name} program`, outcome.stdout ?? "", boundingSetOf(target.pid));
        }
      }
    }),
};
