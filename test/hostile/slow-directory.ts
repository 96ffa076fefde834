import { mkdirSync, symlinkSync } from "node:fs";

/**
 * Makes a path in the guest that takes milliseconds to follow, so that a step is on its way in for so long, by
 * links that are as long as a path can be. The guest can do that to any directory of its own.
 *
 * @param root The guest's root file system.
 * @returns The path as the guest sees it.
 */
export function slowDirectory(root: string): string {
  mkdirSync(`${root}/tmp/slow`, { recursive: true, mode: 0o777 });
  symlinkSync(`${"slow/../".repeat(500)}slow`, `${root}/tmp/long`);
  // The kernel follows 40, but goes on counting where it begins anew because something changed under it.
  return `/tmp/${"long/../".repeat(18)}slow`;
}
