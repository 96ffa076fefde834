import type { GuestOptions } from "../guests/guest.ts";
import { startAttack } from "./attack.ts";
import { chances, SUPERVISED, type HostileCase } from "./case.ts";
import { withHostileGuest } from "./hostile-guest.ts";
import { slowDirectory } from "./slow-directory.ts";

/** Enough that the attack sees hundreds of processes on their way in, for milliseconds each. */
const STEPS = chances(150);

/**
 * A guest that looks at the helper, at the relay and at the step before its execve: memory, environment, descriptors,
 * directories, ptrace. Once the step has the guest's user and capabilities, only its not being dumpable protects it.
 */
function peekCase(name: string, options: GuestOptions): HostileCase {
  return {
    name,
    needs: ["root", "cc", "unshare", "setpriv"],
    run: () =>
      withHostileGuest(options, async (target) => {
        const cwd = slowDirectory(target.root);
        for (const backend of SUPERVISED) {
          const attack = await startAttack(await target.connect(backend), "peek");
          const guest = await target.connect(backend);
          for (let step = 0; step < STEPS && !attack.output.includes("violation"); step++) {
            // Every other one with a relay, for it is forked off the helper too.
            await guest.exec(["/bin/true"], step % 2 === 0 ? { cwd } : { cwd, input: "x" });
          }
          await attack.end();
        }
      }),
  };
}

export const peekCases: readonly HostileCase[] = [
  peekCase("peek-as-root", {}),
  // Here the kernel clears the dumpable flag too, at setresuid: the case fails only where both are undone.
  peekCase("peek-as-user", { uid: 1000 }),
];
