import { randomUUID } from "node:crypto";
import path from "node:path";

import { readInside, type Container } from "../container/index.ts";
import { errnoOf } from "../errors/index.ts";
import { makeMarkedFile, type MarkedFile, type SharedRoot } from "../step/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { problemOf } from "./guarded.ts";
import { byHand, type Mend } from "./mend.ts";
import { writeInside } from "./write-inside.ts";

/** More than the text has. */
const LIMIT = 256;
/** Another agent that connects at this very moment takes our file for one that a crash left. */
const ATTEMPTS = 5;

const SCRIPTS_FAIL = "scripts do not run: the container does not find them";

/** What to say where the volume is not as it should be. */
export interface SharedMends {
  /** The container does not see it. */
  share: Mend;
  /** It may not write to it. */
  writable: Mend;
}

/** @returns Undefined where another agent removed the file meanwhile. */
function tryBothWays(root: number, shared: SharedRoot, { share, writable }: SharedMends): Finding | undefined {
  const [ours, theirs] = [randomUUID(), randomUUID()];
  let file: MarkedFile | undefined;
  try {
    file = makeMarkedFile(shared);
    file.write(ours);
  } catch (error) {
    file?.remove();
    return fault("shared-root", "missing", {
      what: `the agent cannot write to ${shared.ours} (${errnoOf(error) ?? problemOf(error)})`,
      effect: "scripts cannot be handed over",
      mend: byHand("make the shared volume writable for the agent, and see that it is not full"),
    });
  }
  const place = path.posix.join(shared.theirs, file.name);
  try {
    let seen: string;
    try {
      seen = readInside(root, place, LIMIT).toString();
    } catch (error) {
      if (!file.isThere()) return undefined;
      const why = errnoOf(error) === "ENOENT" ? "" : ` (${errnoOf(error) ?? problemOf(error)})`;
      return fault("shared-root", "missing", {
        what: `a file in ${shared.ours} is not to be seen at ${shared.theirs} in the container${why}`,
        effect: SCRIPTS_FAIL,
        mend: share,
      });
    }
    if (seen !== ours) {
      return fault("shared-root", "missing", {
        what: `the container sees another file at ${shared.theirs} than the agent at ${shared.ours}`,
        effect: SCRIPTS_FAIL,
        mend: share,
      });
    }
    try {
      writeInside(root, place, file, theirs);
      file.mark();
    } catch (error) {
      if (!file.isThere()) return undefined;
      return fault("shared-root", "degraded", {
        what: `${shared.theirs} cannot be written to from the container's side (${errnoOf(error) ?? problemOf(error)})`,
        effect: "scripts run, but leave nothing on the shared volume",
        mend: writable,
      });
    }
    if (file.read(LIMIT) === theirs) return ok("shared-root", `${shared.ours} is ${shared.theirs} in the container`);
    return fault("shared-root", "degraded", {
      what: `what is written at ${shared.theirs} in the container does not show at ${shared.ours}`,
      effect: "the agent does not see what steps make",
      mend: share,
    });
  } finally {
    file.remove();
  }
}

/**
 * Whether the same file is seen from both sides: written through the one, read through the other, both ways.
 */
export function checkSharedRoot(container: Container, shared: SharedRoot, mends: SharedMends): Finding {
  if (!container.pin)
    return ok("shared-root", "not looked at from the container: this runtime does not let us open /proc");
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const finding = container.withRoot((root) => tryBothWays(root, shared, mends));
    if (finding) return finding;
  }
  throw new Error(`another agent removes our files in ${shared.ours} as fast as they are made`);
}
