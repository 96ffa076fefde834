import { copyFileSync, symlinkSync } from "node:fs";
import path from "node:path";

import { compiledAttacker } from "./compile.ts";
import { mustFail } from "./alive.ts";
import { SUPERVISED, type HostileCase } from "./case.ts";
import { withHostileGuest } from "./hostile-guest.ts";

/** More than the helper and its child ever have open. */
const LAST = 30;

/**
 * Directories and programs that are links to a descriptor of the child's. One of them is the shared root as the agent
 * mounts it: what lies beside it is out of the guest's reach.
 */
export const descriptors: HostileCase = {
  name: "descriptors",
  needs: ["root", "cc", "unshare", "setpriv"],
  run: () =>
    withHostileGuest({}, async (target) => {
      copyFileSync(compiledAttacker(), path.join(target.sharedRoot, "../outside"));
      for (let fd = 0; fd <= LAST; fd++) {
        symlinkSync(`/proc/self/fd/${fd}`, path.join(target.sharedRoot, `fd${fd}`));
        symlinkSync(`/proc/self/fd/${fd}/../outside`, path.join(target.sharedRoot, `program${fd}`));
      }
      const noDirectory = ["WORKING_DIRECTORY"];
      const noProgram = ["COMMAND_NOT_FOUND", "COMMAND_NOT_EXECUTABLE"];
      for (const backend of SUPERVISED) {
        const guest = await target.connect(backend);
        for (let fd = 0; fd <= LAST; fd++) {
          const link = `/work/fd${fd}`;
          for (const cwd of [link, `${link}/..`, `/proc/thread-self/fd/${fd}`]) {
            await mustFail(cwd, guest.exec(["/work/attack", "where"], { cwd }), ...noDirectory);
          }
          await mustFail(link, guest.exec([link, "where"]), ...noProgram);
          await mustFail(`program${fd}`, guest.exec([`/work/program${fd}`, "where"]), ...noProgram);
          await mustFail(`shell${fd}`, guest.run({ shell: `/work/program${fd}`, script: "x" }), ...noProgram);
        }
      }
    }),
};
