import type { ContainerInfo } from "../discovery/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { byHand, inSpec } from "./mend.ts";

/** Whether other containers' processes are to be seen, and whose pid 1 is. */
export function checkPidNamespace(found: readonly ContainerInfo[]): Finding {
  const guests = found.filter(({ role }) => role === "guest");
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
