import { ABOVE_SLOTS, SLOT } from "../descriptor-slots.ts";
import type { Libc } from "./libc.ts";
import type { SealedHelper } from "./sealed-helper.ts";

/** A resident that was just started, and our ends of what leads to it. */
export interface SpawnedResident {
  pid: number;
  /** Messages go there. */
  socket: number;
  /** Records come from there. */
  records: number;
}

/** Every slot without a meaning gets something that holds nothing, so that it inherits no descriptor of the caller's. */
function unusedSlots(slots: readonly (readonly [number, number])[]): [number, number][] {
  const target = slots.find(([, slot]) => slot === SLOT.target)?.[0] ?? -1;
  const taken = new Set<number>([SLOT.request, SLOT.status, ...slots.map(([, slot]) => slot)]);
  const all = Array.from({ length: ABOVE_SLOTS }, (_, slot): [number, number] => [target, slot]);
  return all.filter(([, slot]) => !taken.has(slot));
}

/**
 * Starts native/resident/resident.c. Throws a SystemError.
 *
 * @param slots The container's descriptors, [descriptor, slot], all above the slots.
 */
export function spawnResident(
  libc: Libc,
  program: SealedHelper,
  slots: readonly (readonly [number, number])[],
): SpawnedResident {
  const opened: number[] = [];
  const given: number[] = [];
  /** In the child, one dup2 after the other would overwrite what lies among the slots. */
  const give = (fd: number, slot: number): [number, number] => {
    given.push(fd);
    const moved = libc.moveAbove(fd, ABOVE_SLOTS);
    given[given.length - 1] = moved;
    return [moved, slot];
  };
  try {
    const [socket, theirs] = libc.socketPair();
    opened.push(socket);
    const request = give(theirs, SLOT.request);
    const [records, write] = libc.pipe();
    opened.push(records);
    const status = give(write, SLOT.status);
    const recovers = slots.some(([, slot]) => slot === SLOT.scriptDirectory);
    const argv = ["k8s-executor-helper", "serve", recovers ? "recover" : "-"];
    const pid = program.spawn(argv, [...unusedSlots(slots), ...slots, request, status]);
    return { pid, socket, records };
  } catch (error) {
    for (const fd of opened) libc.close(fd);
    throw error;
  } finally {
    for (const fd of given) libc.close(fd);
  }
}
