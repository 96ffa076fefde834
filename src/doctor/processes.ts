import type { Container } from "../container/index.ts";
import { accessProc, Descriptors } from "../system/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { byHand } from "./mend.ts";
import { roomInCgroups, roomOfMachine, roomOfUser, type ProcessRoom } from "./process-room.ts";

/** The helper, its relay, what stands between it and the step where that has a process namespace of its own, and the step. */
const PER_STEP = 4;
/** What a build may well start at once, besides. */
const ENOUGH = 64;

function toFinding(rooms: readonly ProcessRoom[]): Finding {
  const [least] = rooms.filter(({ left }) => left < Infinity).toSorted((one, other) => one.left - other.left);
  if (!least) return ok("processes", "no limit is to be seen");
  const left = Math.max(0, least.left);
  const what = `${left} more may be started (${least.limit})`;
  if (left >= ENOUGH) return ok("processes", what);
  return fault("processes", left < PER_STEP ? "missing" : "degraded", {
    what,
    effect:
      left < PER_STEP ? "no step can be started" : `no more than about ${Math.floor(left / PER_STEP)} steps at once`,
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
    return toFinding([...roomInCgroups(proc, target), ...roomOfUser(proc, "/proc/self", uid), ...roomOfMachine(proc)]);
  } finally {
    descriptors.close();
  }
}

/** The same for the steps in a container, which are its user's and in its cgroup. */
export function checkContainerProcesses({ pid, pin, identity }: Container): Finding {
  const proc = accessProc();
  const directory = pin ? `/proc/self/fd/${pin.directory}` : `/proc/${pid}`;
  const ofCgroups = pin ? roomInCgroups(proc, { pid, directory, root: pin.root }) : [];
  return toFinding([...ofCgroups, ...roomOfUser(proc, directory, identity.ourUid)]);
}
