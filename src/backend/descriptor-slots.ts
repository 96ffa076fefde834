import { MAX_HIERARCHIES, type Container } from "../container/index.ts";
import type { SharedRoot } from "../step/index.ts";
import { Unavailable } from "./types.ts";

/** Where the helper expects each descriptor: enum descriptor in native/request.h. */
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
  namespaces: 10,
} as const;

/** The first number that no slot has: where a descriptor is safe from being overwritten by another's slot. */
export const ABOVE_SLOTS: number = SLOT.namespaces + 8 + MAX_HIERARCHIES;

/** The descriptors that are the same for every step in a container, [descriptor, slot]. */
export function containerSlots(container: Container, sharedRoot: SharedRoot | undefined): [number, number][] {
  if (!container.pin)
    throw new Unavailable("this runtime does not let us open /proc (Deno needs --allow-all for that)");
  const slots: [number, number][] = [
    [container.pin.directory, SLOT.target],
    [container.pin.root, SLOT.root],
  ];
  if (sharedRoot) slots.push([sharedRoot.fd, SLOT.scriptDirectory]);
  container.namespaces.forEach(({ fd }, index) => {
    if (fd !== undefined) slots.push([fd, SLOT.namespaces + index]);
  });
  const { unified, processes = [] } = container.cgroups ?? {};
  if (unified !== undefined) slots.push([unified, SLOT.cgroup]);
  processes.forEach((fd, index) => slots.push([fd, SLOT.namespaces + container.namespaces.length + index]));
  return slots;
}
