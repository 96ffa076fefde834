import { once } from "node:events";

import { ExecutorError } from "../../src/index.ts";
import { startAttack } from "./attack.ts";
import { describe, outcomeOf } from "./alive.ts";
import { SUPERVISED, Violation, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";

/** More than a pipe and the streams before it hold, so that somebody waits for the pipe. */
const INPUT = "x".repeat(4 << 20);

/**
 * A guest that holds the lock of its stdin, stdout or stderr (native/step/streams.c). No small change undoes the
 * counter-measure, which is a process of its own (native/step/relay.c): the version before it hung here, the whole agent in
 * read(2), state D, until this process was killed from outside.
 */
export const spliceCase: HostileCase = {
  name: "splice",
  needs: ["root", "cc", "unshare", "setpriv"],
  run: () =>
    withHostileGuest({}, async (target) => {
      for (const backend of SUPERVISED) {
        const guest = await target.connect(backend);
        for (const stream of ["0", "1", "2"]) {
          const step = guest.exec([ATTACK, "hold", stream], { input: INPUT, timeout: 1200, forceKillAfterDelay: 100 });
          const outcome = await outcomeOf(`${backend}: the lock of ${stream}`, step);
          const held = outcome instanceof ExecutorError ? "" : `${outcome.stdout}${outcome.stderr}`;
          if (outcome instanceof ExecutorError || !outcome.timedOut || !held.includes("ready")) {
            throw new Violation(`${backend}: the timeout did not end the holder of ${stream}: ${describe(outcome)}`);
          }
        }
        // Before there is any output to pass on, and then some: the supervisor itself hung.
        const late = guest.exec([ATTACK, "hold-first", "2"], { timeout: 1200, forceKillAfterDelay: 100 });
        const ended = await outcomeOf(`${backend}: the lock that was there first`, late);
        if (ended instanceof ExecutorError || !ended.timedOut || ended.stdout !== "first") {
          throw new Violation(`${backend}: the timeout did not end the first holder: ${describe(ended)}`);
        }
        // By another process of the guest: then even the step's own exit waits for the lock, and nobody can kill it.
        const step = guest.run({
          script: "echo $$; read line; exit 5",
          stdin: "pipe",
          timeout: 1200,
          forceKillAfterDelay: 100,
        });
        const [pid] = (await once(step.stdout, "data")) as [Buffer];
        const attack = await startAttack(await target.connect("native"), "hold", "1", `/proc/${Number(pid)}/fd/1`);
        step.stdin?.end("go\n");
        const outcome = await outcomeOf(`${backend}: the lock held by another`, step);
        if (outcome instanceof ExecutorError ? outcome.code !== "HELPER_LOST" : outcome.exitCode !== 5) {
          throw new Violation(`${backend}: with the lock held by another: ${describe(outcome)}`);
        }
        attack.step.kill("SIGKILL");
        await attack.step;
      }
    }),
};
