import { connect, ExecutorError } from "../../src/index.ts";
import { Attack } from "./attack.ts";
import { outcomeOf } from "./alive.ts";
import { SUPERVISED, Violation, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";

/** A main process whose environment is junk: no equals sign, no name, duplicates, a megabyte. */
export const environCase: HostileCase = {
  name: "environ",
  needs: ["root", "cc", "unshare", "setpriv"],
  run: () =>
    withHostileGuest({}, async (target) => {
      for (const backend of SUPERVISED) {
        const main = new Attack((await target.connect(backend)).exec([ATTACK, "junk"]));
        await main.said("ready");
        const guest = await connect({ pid: main.pid, backend });
        const outcome = await outcomeOf("a step with that environment", guest.exec(["env", "--null"]));
        if (outcome instanceof ExecutorError) throw new Violation(`no step can be started: ${outcome.message}`);
        const entries = (outcome.stdout ?? "").split("\0");
        const names = entries.map((entry) => entry.slice(0, Math.max(entry.indexOf("="), 0))).filter(Boolean);
        const expected = ["K8S0", "K8S1", "K8S2", "K8S3", "K8S4", "K8S5", "K8S6", "K8S7", "K8S8", "K8S9"];
        const wanted = [...expected, "K8S_EXECUTOR_STEP", "PATH", "PWD", "TWICE"].join();
        if (names.toSorted().join() !== wanted || !entries.includes("TWICE=first")) {
          throw new Violation(`the variables are ${names.toSorted().join()}, not ${wanted}`);
        }
        guest.close();
        main.step.kill("SIGKILL");
        await main.step;
      }
    }),
};
