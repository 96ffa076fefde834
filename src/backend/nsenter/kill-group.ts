import { readdirSync, readFileSync } from "node:fs";

const SIGKILL = 9;

function kill(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: it has just ended. EPERM: it has become another user's; whoever ends the step will see that it stays.
  }
}

/** The members of a process group, but for its leader. */
function members(group: number): number[] {
  return readdirSync("/proc")
    .filter((name) => {
      if (!/^\d+$/.test(name) || Number(name) === group) return false;
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) === group;
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}

/**
 * Signals the process group that nsenter leads.
 *
 * @param sparesLeader nsenter itself waits for the script, and must survive what the script may handle.
 */
export function killGroup(group: number, signal: number, sparesLeader: boolean): void {
  if (sparesLeader && signal !== SIGKILL) {
    try {
      const others = members(group);
      for (const pid of others) kill(pid, signal);
      // Before it has forked there is nobody else, and nothing to lose.
      if (others.length > 0) return;
    } catch {
      // Deno without --allow-all: /proc cannot be read, so the leader gets it too.
    }
  }
  kill(-group, signal);
}
