import { helperPath, tryHelper, type RefusedCall } from "../backend/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { guarded, problemOf } from "./guarded.ts";
import { byHand, type Mend } from "./mend.ts";

function unusable(allowDegraded: boolean, what: string, mend: Mend): Finding {
  return allowDegraded
    ? fault("helper", "degraded", {
        what,
        effect: "steps go through nsenter: they keep the agent's capabilities, and outlive an agent that is killed",
        mend,
      })
    : fault("helper", "missing", {
        what,
        effect: "no step runs, unless --allow-degraded lets it go through nsenter",
        mend,
      });
}

/**
 * Whether the helper is there for this architecture, and would do.
 *
 * @param allowDegraded Whether nsenter may take its place.
 * @returns The finding, and the system calls that are refused to it and that it can do without.
 */
export async function checkHelper(
  allowDegraded: boolean,
): Promise<{ helper: Finding; refused: readonly RefusedCall[] }> {
  let refused: readonly RefusedCall[] = [];
  const helper = await guarded("helper", async () => {
    let path: string;
    try {
      path = helperPath();
    } catch (error) {
      const text = `install a package that was built with a C compiler for ${process.arch} (npm run build)`;
      return unusable(allowDegraded, problemOf(error), byHand(text));
    }
    try {
      refused = await tryHelper(path);
    } catch (error) {
      const text = "check its permissions, that its file system is not mounted noexec, and the agent's seccomp profile";
      return unusable(allowDegraded, `${path}: ${problemOf(error)}`, byHand(text));
    }
    return ok("helper", `built for ${process.arch}, and runs`);
  });
  return { helper, refused };
}
