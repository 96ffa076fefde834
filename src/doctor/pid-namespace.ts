import type { ContainerInfo } from "../discovery/index.ts";
import { readStat } from "../container/index.ts";
import { accessProc } from "../system/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { byHand, inSpec } from "./mend.ts";

/** Whether our process namespace is the machine's own: only there kernel threads are to be seen, the first of which has this pid. */
export function isMachines(): boolean {
  try {
    return readStat(accessProc(), "/proc/2").isKernelThread;
  } catch {
    return false;
  }
}

/**
 * Whether other containers' processes are to be seen, and whose pid 1 is.
 *
 * @param found The containers that are to be seen.
 * @param ofMachine Whether it is the machine's own namespace.
 */
export function checkPidNamespace(found: readonly ContainerInfo[], ofMachine: boolean): Finding {
  const guests = found.filter(({ role }) => role === "guest");
  if (ofMachine) {
    return fault("pid-namespace", "degraded", {
      what: `the machine's own: its processes are to be seen, and ${guests.length} containers, be they of this Pod or not`,
      effect: "steps could run in other Pods; only a container that is chosen is looked at here",
      mend: inSpec("share the Pod's own process namespace instead", ["hostPID: false", "shareProcessNamespace: true"]),
    });
  }
  const pause = found.find(({ role }) => role === "pause");
  const first = pause ? "pid 1 is the Pod's own" : "pid 1 is of this very container";
  if (guests.length > 0) {
    const count = guests.length === 1 ? "one other container is" : `${guests.length} other containers are`;
    return ok("pid-namespace", `shared: ${count} to be seen; ${first}`);
  }
  const effect = "no step runs, for there is no container to run it in";
  if (pause) {
    return fault("pid-namespace", "missing", {
      what: `shared, but no other container is running; ${first}`,
      effect,
      mend: byHand("see why the build container does not run: kubectl describe pod"),
    });
  }
  return fault("pid-namespace", "missing", {
    what: `not shared: only processes of this container are to be seen; ${first}`,
    effect,
    mend: inSpec("share the process namespace in the Pod", ["shareProcessNamespace: true"]),
  });
}
