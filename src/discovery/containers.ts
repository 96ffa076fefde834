import { MountTable, readNamespaces } from "../container/index.ts";
import { accessProc, requireLinux } from "../system/index.ts";
import { readBootTime } from "./boot-time.ts";
import { describe } from "./describe.ts";
import { findGroups } from "./groups.ts";
import type { ContainerInfo } from "./types.ts";

/**
 * The containers that this process sees: its own (the agent), the Pod's pause container, and those that steps can be run in.
 * Each is told by the mount namespace of its processes; its main process is the oldest that none of the others started.
 *
 * @returns The agent first, then the pause container, then the guests in the order of their start.
 * @throws ExecutorError UNSUPPORTED_PLATFORM.
 * @example
 * ```ts
 * import { containers } from "k8s-executor";
 * for (const { role, name, pid } of await containers()) console.log(role, name ?? "-", pid);
 * ```
 */
export async function containers(): Promise<ContainerInfo[]> {
  requireLinux();
  const proc = accessProc();
  const machine = {
    bootTime: readBootTime(proc),
    mounts: new MountTable(proc, "/proc/self"),
    namespaces: readNamespaces(proc, "/proc/self"),
  };
  return findGroups(proc).flatMap((group) => describe(proc, group, machine));
}
