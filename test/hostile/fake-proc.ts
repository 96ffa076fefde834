import { execFileSync } from "node:child_process";

import { ExecutorError } from "../../src/index.ts";
import { until } from "../support/until.ts";
import { describe, outcomeOf } from "./alive.ts";
import { SUPERVISED, Violation, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";
import { processesOf } from "../support/processes.ts";

/** Everything below /proc and /dev that a program of ours might believe is a lie. */
const FAKE = `
  set -e
  umount /dev/null /dev/pts
  mount -t tmpfs fake /proc
  mkdir -p /proc/self/fd /proc/thread-self /proc/1 /dev/pts
  echo 1 > /proc/thread-self/children
  echo "1 (init) S 0 1 1 0 -1 4" > /proc/self/stat
  echo "1 (init) Z 0 1 1 0 -1 4" > /proc/1/stat
  echo no > /proc/self/fd/0
  echo "not null" > /dev/null
  rm -r /dev/pts /dev/fd
  echo "no directory" > /dev/pts`;

/** A guest whose /proc, /dev/null and /dev/pts are its own invention. */
export const fakeProc: HostileCase = {
  name: "fake-proc",
  needs: ["root", "cc", "unshare", "setpriv", "nsenter"],
  run: () =>
    withHostileGuest({}, async (target) => {
      execFileSync("nsenter", ["-t", String(target.pid), "-m", "sh", "-c", FAKE]);
      for (const backend of SUPERVISED) {
        const guest = await target.connect(backend);
        const script = await outcomeOf("a script", guest.run({ script: "exit 7" }));
        const killed = await outcomeOf("a script that is killed", guest.run({ script: "kill -USR1 $$" }));
        if (script instanceof ExecutorError || script.exitCode !== 7) throw new Violation(describe(script));
        if (killed instanceof ExecutorError || killed.signal !== "SIGUSR1") throw new Violation(describe(killed));
        // Without /dev/fd it cannot be run: that may be an error, or the shell's failure, but no success.
        const memfd = await target.connect(backend, { memfd: true });
        const inMemory = await outcomeOf("a script in memory", memfd.run({ script: "exit 0" }));
        if (!(inMemory instanceof ExecutorError) && inMemory.exitCode === 0) throw new Violation(describe(inMemory));
        // The whole tree, which only a /proc of the agent's tells.
        const tree = `setsid ${ATTACK} wait fake > /dev/zero & exec ${ATTACK} wait fake`;
        const options = { timeout: 300, forceKillAfterDelay: 50 };
        const ended = await outcomeOf("a tree of processes", guest.run({ script: tree, ...options }));
        if (ended instanceof ExecutorError || !ended.timedOut) throw new Violation(describe(ended));
        const left = processesOf(ATTACK, "wait", "fake");
        for (const pid of left) process.kill(pid, "SIGKILL");
        await until("they have ended", () => processesOf(ATTACK, "wait", "fake").length === 0);
        if (left.length > 0) throw new Violation(`${backend}: processes outlived the timeout: ${left.join()}`);
      }
    }),
};
