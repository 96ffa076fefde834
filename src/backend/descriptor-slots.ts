import { MAX_HIERARCHIES, type Container } from "../container/index.ts";
import type { SharedRoot } from "../step/index.ts";
import { Unavailable } from "./types.ts";

/** Where the helper expects each descriptor: enum descriptor in native/step/request.h. */
export const SLOT = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  request: 3,
  status: 4,
  control: 5,
  target: 6,
  root: 7,
  scriptDirectory: 8,
  cgroup: 9,
  lifeline: 10,
  namespaces: 11,
  hierarchies: 19,
} as const;

/** The first number that no slot has: where a descriptor is safe from being overwritten by another's slot. */
export const ABOVE_SLOTS: number = SLOT.hierarchies + MAX_HIERARCHIES;

/** The descriptors that are the same for every step in a container, [descriptor, slot]. */
export function containerSlots(container: Container, sharedRoot: SharedRoot | undefined): [number, number][] {
  if (!container.pin)
    throw new Unavailable("this runtime does not let us open /proc (Deno needs --allow-all for that)");
  const slots: [number, number][] = [[container.pin.directory, SLOT.target]];
  if (sharedRoot) slots.push([sharedRoot.fd, SLOT.scriptDirectory]);
  const { unified, processes = [] } = container.cgroups ?? {};
  if (unified !== undefined) slots.push([unified, SLOT.cgroup]);
  processes.forEach((fd, index) => slots.push([fd, SLOT.hierarchies + index]));
  return slots;
}
