import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import path from "node:path";

import { startAttack } from "./attack.ts";
import { mustFail, outcomeOf } from "./alive.ts";
import { SUPERVISED, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";

/** FIFOs that nobody writes to and files without an end, where a directory, a program or the script should be. */
export const oddFiles: HostileCase = {
  name: "odd-files",
  needs: ["root", "cc", "unshare", "setpriv", "mkfifo"],
  run: () =>
    withHostileGuest({}, async (target) => {
      execFileSync("mkfifo", ["-m", "777", path.join(target.sharedRoot, "fifo")]);
      symlinkSync("/dev/zero", path.join(target.sharedRoot, "zero"));
      const limits = { timeout: 3000, forceKillAfterDelay: 100 };
      for (const backend of SUPERVISED) {
        const guest = await target.connect(backend);
        for (const odd of ["/work/fifo", "/work/zero"]) {
          await mustFail(`the directory ${odd}`, guest.exec([ATTACK], { cwd: odd, ...limits }), "WORKING_DIRECTORY");
          await mustFail(
            `the shell ${odd}`,
            guest.run({ shell: odd, script: "x", ...limits }),
            "COMMAND_NOT_EXECUTABLE",
          );
          await mustFail(`the program ${odd}`, guest.exec([odd], limits), "COMMAND_NOT_EXECUTABLE");
        }
        for (const to of ["fifo", "/dev/zero"]) {
          const attack = await startAttack(await target.connect("native"), "swap", "/work", to);
          for (let step = 0; step < 5; step++) {
            // Whatever the shell makes of it, it is over when the time is.
            const script = `# ${"x".repeat(100_000)}\nexit 0`;
            await outcomeOf(`a script that is ${to}`, guest.run({ script, timeout: 300, forceKillAfterDelay: 50 }));
          }
          await attack.end();
        }
      }
    }),
};
