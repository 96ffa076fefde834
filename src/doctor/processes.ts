import type { Container } from "../container/index.ts";
import { accessProc, Descriptors } from "../system/index.ts";
import type { Joins } from "./cgroup.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { byHand } from "./mend.ts";
import { roomInCgroups, roomOfMachine, roomOfUser, type ProcessRoom } from "./process-room.ts";

/** The helper, its relay, what stands between it and the step where that has a process namespace of its own, and the step. */
const PER_STEP = 4;
/** What a build may well start at once, besides. */
const ENOUGH = 64;

/** @param isEntered Whether steps were just started all the same. */
function toFinding(rooms: readonly ProcessRoom[], isEntered: boolean): Finding {
  const [least] = rooms.filter(({ left }) => left < Infinity).toSorted((one, other) => one.left - other.left);
  if (!least) return ok("processes", "no limit is to be seen");
  const left = Math.max(0, least.left);
  const what = `${left} more may be started (${least.limit})`;
  if (left >= ENOUGH) return ok("processes", what);
  const steps = Math.max(Math.floor(left / PER_STEP), isEntered && left > 0 ? 1 : 0);
  return fault("processes", steps === 0 ? "missing" : "degraded", {
    what,
    effect:
      steps === 0
        ? `no step can ${isEntered ? "start a program" : "be started"}`
        : `no more than about ${steps === 1 ? "one step" : `${steps} steps`} at once`,
    mend: byHand(
      least.limit.startsWith("pids.max")
        ? "raise the Pod's limit of processes (podPidsLimit of the kubelet)"
        : `raise that limit, or run fewer processes`,
    ),
  });
}

/** How many processes the agent may still start. */
export function checkProcesses(): Finding {
  const proc = accessProc();
  const descriptors = new Descriptors();
  try {
    const target = { pid: process.pid, directory: "/proc/self", root: descriptors.directory("/") };
    const uid = process.getuid?.() ?? 0;
    const ofCgroups = roomInCgroups(proc, target, () => true);
    return toFinding([...ofCgroups, ...roomOfUser(proc, "/proc/self", uid), ...roomOfMachine(proc)], false);
  } finally {
    descriptors.close();
  }
}

/** The same for the steps in a container, which are its user's, and in those of its cgroups that they join. */
export function checkContainerProcesses(container: Container, joins: Joins, isEntered: boolean): Finding {
  const { pid, pin, identity } = container;
  const proc = accessProc();
  const directory = pin ? `/proc/self/fd/${pin.directory}` : `/proc/${pid}`;
  const ofCgroups = container.withRoot((root) => roomInCgroups(proc, { pid, directory, root }, joins)) ?? [];
  return toFinding([...ofCgroups, ...roomOfUser(proc, directory, identity.ourUid)], isEntered);
}
