import type { Proc } from "../system/index.ts";

/** How ids of our user namespace appear in another one. */
export interface IdMap {
  /** The id in the other namespace; undefined where it has none. */
  toInner(ours: number): number | undefined;
  /** The other way round. */
  toOuter(inner: number): number | undefined;
}

/** Reads a uid_map or gid_map, user_namespaces(7). Read from the parent namespace, its second column is in our ids. */
export function readIdMap(proc: Proc, path: string): IdMap {
  const ranges = proc
    .read(path)
    .toString("latin1")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim().split(/\s+/).map(Number));
  return {
    toInner(ours) {
      for (const [inner = 0, outer = 0, length = 0] of ranges) {
        if (ours >= outer && ours < outer + length) return inner + (ours - outer);
      }
      return undefined;
    },
    toOuter(id) {
      for (const [inner = 0, outer = 0, length = 0] of ranges) {
        if (id >= inner && id < inner + length) return outer + (id - inner);
      }
      return undefined;
    },
  };
}

/** For a container in our own user namespace. */
export const SAME_IDS: IdMap = { toInner: (id) => id, toOuter: (id) => id };
