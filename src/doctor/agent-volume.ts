import path from "node:path";

import { MountTable } from "../container/index.ts";
import { accessProc, mountOf, relativeBelow } from "../system/index.ts";
import type { SharedRoot } from "../step/index.ts";

/** The volume that the agent has where its shared root is. */
export interface AgentVolume {
  /** Its name in the Pod's manifest; undefined where that is not to be told. */
  name: string | undefined;
  /** What of it is mounted: a path in it, "" for all. */
  subPath: string;
  /** The shared root below the place where it is mounted: "" where it is that very place. */
  below: string;
}

/** As Kubernetes names volumes. */
const NAME = "([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)";
/** The directory of an emptyDir on the machine; of other kinds, the directory has the name of something else than the Pod's volume. */
const PLACES: readonly RegExp[] = [
  new RegExp(`/pods/[^/]+/volumes/kubernetes\\.io~empty-dir/${NAME}(?:/(.+))?$`),
  // podman kube play
  new RegExp(`/volumes/${NAME}/_data(?:/(.+))?$`),
];

/** The root and the mount point, as mountinfo has them, of the mount that this descriptor is on. */
function findMount(fd: number): readonly [root: string, point: string] | undefined {
  const id = mountOf(fd);
  const mounts = new MountTable(accessProc(), "/proc/self").text.split("\n").map((line) => line.split(" "));
  const [, , , root, point] = mounts.find(([mount]) => mount === id) ?? [];
  return root === undefined || point === undefined ? undefined : [root, point];
}

/** @param mount As findMount() finds it. */
export function volumeOf(ours: string, [root, point]: readonly [string, string]): AgentVolume | undefined {
  if (point === "/") return undefined;
  const [, name, subPath = ""] = PLACES.map((place) => place.exec(root)).find((match) => match !== null) ?? [];
  return { name, subPath, below: relativeBelow(point, ours) ?? "" };
}

/** @returns Undefined where the shared root is on no volume, but in the agent's own root file system. */
export function agentVolume({ fd, ours }: SharedRoot): AgentVolume | undefined {
  try {
    const mount = findMount(fd);
    if (mount) return volumeOf(ours, mount);
  } catch {
    // Not to be read by this runtime: then its name is not to be told.
  }
  return { name: undefined, subPath: "", below: "" };
}

/** Where another container is to mount it, so that it sees the shared root at this place. */
export function mountFor({ subPath, below }: AgentVolume, theirs: string): { mountPath: string; subPath: string } {
  if (below === "") return { mountPath: theirs, subPath };
  const mountPath = theirs.endsWith(`/${below}`) ? theirs.slice(0, -below.length - 1) : "";
  return mountPath === "" ? { mountPath: theirs, subPath: path.posix.join(subPath, below) } : { mountPath, subPath };
}
