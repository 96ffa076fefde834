import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { helperPath } from "../backend/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { problemOf } from "./guarded.ts";
import { byHand } from "./mend.ts";

const PATIENCE_MS = 5000;

/** Whether the helper is there for this architecture, and runs. */
export async function checkHelper(): Promise<Finding> {
  const effect = "steps go through nsenter: they keep the agent's capabilities, and outlive an agent that is killed";
  let path: string;
  try {
    path = helperPath();
  } catch (error) {
    return fault("helper", "degraded", {
      what: problemOf(error),
      effect,
      mend: byHand(`install a package that was built with a C compiler for ${process.arch} (npm run build)`),
    });
  }
  try {
    await promisify(execFile)(path, ["v"], { env: {}, timeout: PATIENCE_MS, killSignal: "SIGKILL" });
  } catch (error) {
    return fault("helper", "degraded", {
      what: `${path} does not run: ${problemOf(error)}`,
      effect,
      mend: byHand("check its permissions, and that its file system is not mounted noexec"),
    });
  }
  return ok("helper", `built for ${process.arch}, and runs`);
}
