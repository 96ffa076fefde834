import os from "node:os";

import { fault, ok, type Finding } from "./finding.ts";
import { byHand } from "./mend.ts";

type Version = readonly [major: number, minor: number];

/** Without this, nothing is entered: NoNewPrivs and Umask in /proc/PID/status came with 4.10; none older than this was tried. */
const NEEDED: Version = [4, 11];

/** What a later version brought, what is so without it, and the system call. */
const BROUGHT: readonly (readonly [Version, string, string, string])[] = [
  [[5, 3], "pidfds", "a step goes on for up to 0.1 s when its container has ended", "pidfd_open"],
  [[5, 7], "CLONE_INTO_CGROUP", "the agent's limits apply to a step, where cgroups are v2", "clone3"],
  [[5, 9], "close_range", "closing descriptors takes each entry longer", "close_range"],
];

function isBefore([major, minor]: Version, [otherMajor, otherMinor]: Version): boolean {
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

function versionOf(release: string): Version | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

/** The system calls that a kernel of this release does not have, of those that steps can do without. */
export function lacksOf(release: string): readonly string[] {
  const version = versionOf(release);
  return version ? BROUGHT.filter(([since]) => isBefore(version, since)).map(([, , , call]) => call) : [];
}

/** @param release As uname -r says it. */
export function checkKernel(release: string = os.release()): Finding {
  const version = versionOf(release);
  if (!version) return ok("kernel", `Linux ${release}, an unknown version number`);
  if (isBefore(version, NEEDED)) {
    return fault("kernel", "missing", {
      what: `Linux ${release} is too old`,
      effect: "no container can be entered",
      mend: byHand(`use Linux ${NEEDED.join(".")} or later`),
    });
  }
  const lacks = BROUGHT.filter(([since]) => isBefore(version, since));
  const latest = lacks.at(-1);
  if (!latest) return ok("kernel", `Linux ${release}, which has all that is used`);
  return fault("kernel", "degraded", {
    what: `Linux ${release} lacks ${lacks.map(([, what]) => what).join(", ")}`,
    effect: lacks.map(([, , effect]) => effect).join("; "),
    mend: byHand(`use Linux ${latest[0].join(".")} or later`),
  });
}
