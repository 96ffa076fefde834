import { findNsenter } from "../backend/index.ts";
import { NAMESPACE_FLAGS, type NamespaceName } from "../container/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { problemOf } from "./guarded.ts";
import { byHand } from "./mend.ts";

/** @param isNeeded Whether the helper does not run. */
export async function checkNsenter(isNeeded: boolean): Promise<Finding> {
  const mend = byHand("install util-linux in the agent's image");
  let installed: Awaited<ReturnType<typeof findNsenter>>;
  try {
    installed = await findNsenter();
  } catch (error) {
    const what = problemOf(error);
    if (!isNeeded) return ok("nsenter", `${what}; not needed, for the helper runs`);
    return fault("nsenter", "missing", { what, effect: "no backend is left", mend });
  }
  const kinds = Object.keys(NAMESPACE_FLAGS) as NamespaceName[];
  const lacks = kinds.filter((kind) => installed.namespaceOption(kind, "") === undefined);
  if (lacks.length === 0) return ok("nsenter", `${installed.version}, which joins all kinds of namespaces`);
  const what = `${installed.version} cannot join ${lacks.join(", ")} namespaces`;
  if (!isNeeded) return ok("nsenter", `${what}; not needed, for the helper runs`);
  return fault("nsenter", "degraded", {
    what,
    effect: "steps stay in the agent's where the container has its own",
    mend,
  });
}
