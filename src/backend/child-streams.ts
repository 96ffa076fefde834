import type { ChildProcess } from "node:child_process";
import { Readable, type Writable } from "node:stream";

/**
 * A stream of a child by its descriptor; node:child_process has names for five only.
 * Undefined where the child could not be started at all: without descriptors it does not even make a list of them.
 */
export function childStream(child: ChildProcess, fd: number): Readable | Writable | undefined {
  const streams = child.stdio as readonly (Readable | Writable | null)[] | undefined;
  return streams?.[fd] ?? undefined;
}

/** The same for one we read; an empty one where there is none, for the child's error event tells why. */
export function childOutput(child: ChildProcess, fd: number): Readable {
  return (childStream(child, fd) as Readable | undefined) ?? Readable.from([]);
}
