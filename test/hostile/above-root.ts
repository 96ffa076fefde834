import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

import { connect } from "../../src/index.ts";
import { Attack } from "./attack.ts";
import { mustFail } from "./alive.ts";
import { SUPERVISED, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";

/** A container whose main process is chrooted: another process of its own can lead a directory above that root. */
export const aboveRoot: HostileCase = {
  name: "above-root",
  needs: ["root", "cc", "unshare", "setpriv", "nsenter"],
  run: () =>
    withHostileGuest({}, async (target) => {
      mkdirSync(`${target.root}/jail/proc`, { recursive: true });
      mkdirSync(`${target.root}/jail/work`);
      for (const [from, to] of [
        ["/proc", "/jail/proc"],
        ["/work", "/jail/work"],
      ] as const) {
        execFileSync("nsenter", ["-t", String(target.pid), "-m", "mount", "--rbind", from, to]);
      }
      for (const backend of SUPERVISED) {
        const outer = await target.connect(backend);
        const main = new Attack(outer.exec(["chroot", "/jail", ATTACK, "wait"]));
        await main.said("ready");
        const guest = await connect({ pid: main.pid, backend });
        for (const cwd of [`/proc/${target.pid}/root`, `/proc/${target.pid}/root/usr`, `/proc/${target.pid}/cwd`]) {
          await mustFail(cwd, guest.exec([ATTACK, "where"], { cwd }), "WORKING_DIRECTORY");
        }
        guest.close();
        main.step.kill("SIGKILL");
        await main.step;
      }
    }),
};
