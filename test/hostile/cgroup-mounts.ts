import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { inCgroups, removeCgroup } from "../support/cgroups.ts";
import { finished } from "../support/cli.ts";
import { REPOSITORY } from "../support/programs.ts";
import { SUPERVISED, Violation, type HostileCase } from "./case.ts";
import { withHostileGuest } from "./hostile-guest.ts";

/** Far more than anything here takes. */
const PATIENCE_MS = 30_000;

/** All hierarchies, mounted by the guest; then its own cgroup of each, where an agent looks for it. */
const MOUNT = `
  mkdir -p /cg2 /cg1 /sys/fs/cgroup/unified /sys/fs/cgroup/memory
  mount -t cgroup2 none /cg2 && mount --bind "/cg2/$1" /sys/fs/cgroup/unified
  mount -t cgroup -o memory none /cg1 && mount --bind "/cg1/$1" /sys/fs/cgroup/memory`;

/** What the guest puts there, one upon the other. */
const TRAPS: readonly (readonly [name: string, script: string])[] = [
  ["nothing else", ":"],
  [
    "a FIFO in the place of the list of processes",
    `mkfifo /fifo; for at in unified memory; do mount --bind /fifo /sys/fs/cgroup/$at/cgroup.procs; done`,
  ],
  [
    "a directory of its own, with a link to a file of the agent's",
    `for at in unified memory; do
       mount -t tmpfs trap /sys/fs/cgroup/$at
       for name in cgroup.procs memory.events memory.oom_control; do ln -s "$2" /sys/fs/cgroup/$at/$name; done
     done`,
  ],
  [
    "another cgroup, with the list of its own",
    `mount --bind "/cg2/$1-decoy" /sys/fs/cgroup/unified
     mount --bind "/cg2/$1/cgroup.procs" /sys/fs/cgroup/unified/cgroup.procs`,
  ],
  ["another cgroup", `umount /sys/fs/cgroup/unified/cgroup.procs`],
];

/** `/proc/PID/cgroup`, the line of cgroup v2. */
function unified(text: string): string {
  return /^0::.*$/m.exec(text)?.[0] ?? "";
}

/** An agent that sees the guest's cgroups by nothing but the guest's own mounts, as in a Pod. */
async function runBlind(...args: string[]): Promise<string> {
  const blind = 'umount -R -l /sys/fs/cgroup && exec "$@"';
  const agent = ["node", "--import", "tsx", "src/cli/main.ts", ...args];
  const child = spawn("unshare", ["-m", "sh", "-c", blind, "sh", ...agent], {
    cwd: REPOSITORY,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
  });
  const { status, signal, stdout, stderr } = await finished(child);
  if (signal !== null) throw new Violation("the agent hangs");
  if (status !== 0) throw new Violation(`the agent failed: ${stderr}`);
  return stdout;
}

/** A guest whose mounts of its cgroups are not what they seem, before an agent that sees these cgroups nowhere else. */
export const cgroupMounts: HostileCase = {
  name: "cgroup-mounts",
  needs: ["root", "cc", "unshare", "setpriv", "nsenter"],
  run: () =>
    withHostileGuest({}, (target) =>
      inCgroups(target.pid, async (directories) => {
        const pid = String(target.pid);
        const name = path.basename(directories.get("") ?? "");
        const canary = path.join(target.sharedRoot, "../canary");
        writeFileSync(canary, "of the agent's");
        const inGuest = (script: string): void => {
          execFileSync("nsenter", ["-t", pid, "-m", "sh", "-e", "-c", script, "sh", name, canary], { stdio: "pipe" });
        };
        const decoy = `${directories.get("")}-decoy`;
        mkdirSync(decoy);
        try {
          inGuest(MOUNT);
          const its = unified(readFileSync(`/proc/${pid}/cgroup`, "latin1"));
          const agents = unified(readFileSync("/proc/self/cgroup", "latin1"));
          for (const [trap, script] of TRAPS) {
            inGuest(script);
            for (const backend of SUPERVISED) {
              const step = unified(
                await runBlind("exec", "--pid", pid, "--backend", backend, "cat", "/proc/self/cgroup"),
              );
              if (step !== its && step !== agents) throw new Violation(`${trap}: the step is in ${step}`);
              if (script === ":" && step !== its) throw new Error(`the step is not in the guest's own cgroup: ${step}`);
              const left = readFileSync(canary, "utf8");
              if (left !== "of the agent's") throw new Violation(`${trap}: a file of the agent's became ${left}`);
            }
          }
        } finally {
          await removeCgroup(decoy);
        }
      }),
    ),
};
