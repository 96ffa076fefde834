import { hiddenDescendantsOf, membersOf } from "../process-group.ts";

const SIGKILL = 9;

function kill(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: it has just ended. EPERM: it has become another user's; whoever ends the step will see that it stays.
  }
}

/**
 * Signals the process group that nsenter leads.
 *
 * @param sparesLeader nsenter itself waits for the script, and must survive what the script may handle.
 */
export function killGroup(group: number, signal: number, sparesLeader: boolean): void {
  if (sparesLeader && signal !== SIGKILL) {
    try {
      const others = [...membersOf(group), ...hiddenDescendantsOf(group)].filter((pid) => pid !== group);
      for (const pid of others) kill(pid, signal);
      // Before it has forked there is nobody else, and nothing to lose.
      if (others.length > 0) return;
    } catch {
      // Deno without --allow-all: /proc cannot be read, so the leader gets it too.
    }
  }
  kill(-group, signal);
}
