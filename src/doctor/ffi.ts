import { loadLibc } from "../backend/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { problemOf } from "./guarded.ts";
import { byHand } from "./mend.ts";

/** Whether koffi loads. */
export async function checkFfi(): Promise<Finding> {
  try {
    await loadLibc();
  } catch (error) {
    return fault("ffi", "degraded", {
      what: `koffi does not load: ${problemOf(error)}`,
      effect: "steps are started by child_process, which takes longer the more memory the agent has",
      mend: byHand(
        process.versions["deno"] === undefined
          ? `install the package with its optional dependencies, which hold koffi for linux-${process.arch}`
          : "run Deno with --allow-ffi (and --allow-all, to open files under /proc)",
      ),
    });
  }
  return ok("ffi", "koffi loads, and libc through it");
}
