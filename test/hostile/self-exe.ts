import { createHash } from "node:crypto";
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { startAttack } from "./attack.ts";
import { outcomeOf } from "./alive.ts";
import { chances, SUPERVISED, Violation, type HostileCase } from "./case.ts";
import { withHostileGuest } from "./hostile-guest.ts";
import { helpersOf, isAlive, killIfAlive } from "../support/children.ts";
import { REPOSITORY } from "../support/programs.ts";
import { until } from "../support/until.ts";

const HELPER = path.join(REPOSITORY, `native/build/helper-${process.arch}`);
/** So many variables that the kernel and the helper take a while to look at them: the attack sees it run. */
const LARGE_ENVIRONMENT = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`V${index}`, "x"]));
/** Each is a chance of getting hold of the program; one is enough. */
const STEPS = chances(100);

function checksum(): string {
  return createHash("sha256").update(readFileSync(HELPER)).digest("hex");
}

/** CVE-2019-5736: a program, shell or interpreter that is a link to /proc/self/exe makes the guest run the helper. */
export const selfExe: HostileCase = {
  name: "self-exe",
  needs: ["root", "cc", "unshare", "setpriv"],
  run: () =>
    withHostileGuest({}, async (target) => {
      const before = checksum();
      symlinkSync("/proc/self/exe", path.join(target.sharedRoot, "link"));
      writeFileSync(path.join(target.sharedRoot, "shebang"), "#!/proc/self/exe\n");
      chmodSync(path.join(target.sharedRoot, "shebang"), 0o755);
      for (const backend of SUPERVISED) {
        // On a connection of its own: a program that runs cannot be written to anyway.
        const attack = await startAttack(await target.connect(backend === "native" ? "helper" : "native"), "grab");
        const others = helpersOf(process.pid);
        const guest = await target.connect(backend);
        const residents = helpersOf(process.pid).filter((pid) => !others.includes(pid));
        for (let step = 0; step < STEPS && !attack.output.includes("held"); step++) {
          const program = step % 2 === 0 ? "/work/link" : "/work/shebang";
          await outcomeOf(program, guest.exec([program], { env: LARGE_ENVIRONMENT, timeout: 10_000 }));
        }
        await outcomeOf("a shell", guest.run({ shell: "/work/link", script: "x", timeout: 10_000 }));
        // What is written to what has run becomes the next resident: it must not be possible once this one has ended.
        residents.forEach(killIfAlive);
        await until("the resident has ended", () => !residents.some(isAlive));
        await outcomeOf("a program, by another resident", guest.exec(["true"]));
        await attack.end();
      }
      if (checksum() !== before) throw new Violation("the helper's file was changed");
    }),
};
