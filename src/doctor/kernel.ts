import os from "node:os";

import { fault, ok, type Finding } from "./finding.ts";
import { byHand } from "./mend.ts";

type Version = readonly [major: number, minor: number];

/** Without these, nothing is entered: NoNewPrivs and Umask in /proc/PID/status, statx(2). */
const NEEDED: Version = [4, 11];

/** What a later version brought, and what is so without it. */
const BROUGHT: readonly (readonly [Version, string, string])[] = [
  [[5, 3], "pidfds", "a step goes on for a while when its container has ended"],
  [[5, 7], "CLONE_INTO_CGROUP", "the agent's limits apply to a step, where cgroups are v2"],
  [[5, 9], "close_range", "closing descriptors takes each entry longer"],
];

function isBefore([major, minor]: Version, [otherMajor, otherMinor]: Version): boolean {
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

/** @param release As uname -r says it. */
export function checkKernel(release: string = os.release()): Finding {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (major === undefined || minor === undefined) return ok("kernel", `Linux ${release}, which is no number we know`);
  const version: Version = [Number(major), Number(minor)];
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
