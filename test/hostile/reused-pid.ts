import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";

import { mustFail } from "./alive.ts";
import { SUPERVISED, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";

/** How many processes that began at the same moment may have taken the number first. */
const ATTEMPTS = 50;

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Another process with that pid, which is free. */
async function decoy(pid: number): Promise<ChildProcess> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    writeFileSync("/proc/sys/kernel/ns_last_pid", String(pid - 1));
    const child = spawn("sleep", ["infinity"], { stdio: "ignore" });
    if (child.pid === pid) return child;
    await end(child);
  }
  throw new Error(`the number ${pid} was always taken`);
}

/** The main process ends, and its number is another's when a step is started: that other must be left alone. */
export const reusedPid: HostileCase = {
  name: "reused-pid",
  needs: ["root", "cc", "unshare", "setpriv"],
  async run() {
    for (const backend of SUPERVISED) {
      await withHostileGuest({}, async (target) => {
        const guest = await target.connect(backend);
        await target.close();
        const other = await decoy(target.pid);
        try {
          await mustFail(`${backend}: a program`, guest.exec(["/bin/true"]), "CONTAINER_GONE");
          await mustFail(`${backend}: a script`, guest.run({ script: "exit 0" }), "CONTAINER_GONE", "SHARED_ROOT");
          await mustFail(`${backend}: ${ATTACK}`, guest.exec([ATTACK, "where"]), "CONTAINER_GONE");
        } finally {
          await end(other);
        }
      });
    }
  },
};
