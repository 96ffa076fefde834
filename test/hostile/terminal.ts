import { spawnSync } from "node:child_process";
import path from "node:path";

import { refuseViolations } from "./attack.ts";
import { SUPERVISED, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";
import { plainEnvironment } from "../support/cli.ts";
import { REPOSITORY } from "../support/programs.ts";

/** An agent at a terminal, as where someone uses the command line: the guest must not type for them (TIOCSTI). */
export const terminal: HostileCase = {
  name: "terminal",
  needs: ["root", "cc", "unshare", "setpriv", "script"],
  run: () =>
    withHostileGuest({}, async ({ pid }) => {
      for (const backend of SUPERVISED) {
        // The sources, not what was built of them: a mutant is not built.
        const cli = `${process.execPath} --import tsx ${path.join(REPOSITORY, "src/cli/main.ts")}`;
        const command = `${cli} exec --pid ${pid} --backend ${backend} -- ${ATTACK} tty`;
        const { stdout } = spawnSync("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
          encoding: "utf8",
          env: plainEnvironment(),
          stdio: ["ignore", "pipe", "inherit"],
          cwd: REPOSITORY,
        });
        const output = stdout.replaceAll("\r", "");
        refuseViolations(output);
        if (!output.includes("done\n")) throw new Error(`the attack did not run: ${output}`);
      }
    }),
};
