import { findNsenter } from "../backend/index.ts";
import { NAMESPACE_FLAGS, type NamespaceName } from "../container/index.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { problemOf } from "./guarded.ts";
import { byHand } from "./mend.ts";

/**
 * @param isWanted Whether the helper does not run.
 * @param isAllowed Whether nsenter may take its place.
 */
export async function checkNsenter(isWanted: boolean, isAllowed: boolean): Promise<Finding> {
  const isNeeded = isWanted && isAllowed;
  const whyNot = isWanted ? "not used without --allow-degraded" : "not needed, for the helper runs";
  const mend = byHand("install util-linux in the agent's image");
  let installed: Awaited<ReturnType<typeof findNsenter>>;
  try {
    installed = await findNsenter();
  } catch (error) {
    const what = problemOf(error);
    if (!isNeeded) return ok("nsenter", `${what}; ${whyNot}`);
    return fault("nsenter", "missing", { what, effect: "no backend is left", mend });
  }
  const kinds = Object.keys(NAMESPACE_FLAGS) as NamespaceName[];
  const lacks = kinds.filter((kind) => installed.namespaceOption(kind, "") === undefined);
  if (lacks.length === 0) return ok("nsenter", `${installed.version}, which joins all kinds of namespaces`);
  const what = `${installed.version} cannot join ${lacks.join(", ")} namespaces`;
  if (!isNeeded) return ok("nsenter", `${what}; ${whyNot}`);
  return fault("nsenter", "degraded", {
    what,
    effect: "steps stay in the agent's where the container has its own",
    mend,
  });
}
