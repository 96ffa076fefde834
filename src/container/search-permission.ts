import { closeSync, fstatSync } from "node:fs";
import path from "node:path";

import type { Container } from "./container.ts";
import type { Identity } from "./identity.ts";
import { openInside } from "./open-inside.ts";

/** CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, capabilities(7): with one of them, no mode keeps root out. */
const MAY_SEARCH = (1n << 1n) | (1n << 2n);

/** A directory that a user may not enter. */
export interface ForbiddenDirectory {
  path: string;
  /** Its permission bits. */
  mode: number;
  /** As the container's user namespace counts; undefined where that does not have them. */
  uid: number | undefined;
  gid: number | undefined;
}

function maySearch({ ourUid, ourGid, ourGroups }: Identity, stat: { mode: number; uid: number; gid: number }): boolean {
  if (stat.uid === ourUid) return (stat.mode & 0o100) !== 0;
  if ([ourGid, ...ourGroups].includes(stat.gid)) return (stat.mode & 0o010) !== 0;
  return (stat.mode & 0o001) !== 0;
}

/**
 * The first directory on the way to a file that keeps a user from it by its mode. For messages only: an ACL or a security
 * module may say otherwise, and the container may have changed it since.
 *
 * @param place The file's path in the container; the file itself is not looked at.
 */
export function forbiddenDirectory(
  container: Pick<Container, "withRoot">,
  place: string,
  identity: Identity,
): ForbiddenDirectory | undefined {
  const { permitted, bounding } = identity.capabilities;
  if (identity.uid === 0 && (permitted & bounding & MAY_SEARCH) !== 0n) return undefined;
  try {
    return container.withRoot((root) => firstForbidden(root, place, identity));
  } catch {
    return undefined; // its main process has just ended
  }
}

function firstForbidden(root: number, place: string, identity: Identity): ForbiddenDirectory | undefined {
  const parts = path.posix.dirname(place).split("/").filter(Boolean);
  for (let count = 0; count <= parts.length; count++) {
    const directory = `/${parts.slice(0, count).join("/")}`;
    try {
      const fd = openInside(root, directory);
      try {
        const { mode, uid, gid } = fstatSync(fd);
        if (!maySearch(identity, { mode, uid, gid })) {
          return {
            path: directory,
            mode: mode & 0o7777,
            uid: identity.uids.toInner(uid),
            gid: identity.gids.toInner(gid),
          };
        }
      } finally {
        closeSync(fd);
      }
    } catch {
      return undefined; // we may not look there either
    }
  }
  return undefined;
}

/** Whether there is a file at a path of the container's; undefined where we cannot look. */
export function existsInside(container: Pick<Container, "withRoot">, place: string): boolean | undefined {
  try {
    return container.withRoot((root) => {
      closeSync(openInside(root, place));
      return true;
    });
  } catch {
    return false;
  }
}
