import os from "node:os";

import type { RefusedCall } from "../backend/index.ts";
import { readStatus } from "../container/index.ts";
import { accessProc } from "../system/index.ts";
import type { AgentFacts } from "./agent-facts.ts";
import { fault, ok, type Finding } from "./finding.ts";
import { lacksOf } from "./kernel.ts";
import { byHand } from "./mend.ts";

const MODES: Readonly<Record<string, string>> = { 0: "no filter", 1: "strict mode", 2: "a filter" };

/**
 * The filter on this process's system calls, which its steps have too. What it forbids shows in the entries, and in what the
 * helper tried.
 *
 * @param refused System calls that were refused to the helper; those that the kernel is too old for do not count.
 */
export function checkSeccomp({ entered }: AgentFacts, refused: readonly RefusedCall[], release?: string): Finding {
  const mode = readStatus(accessProc(), "/proc/self").get("Seccomp") ?? "";
  const what = MODES[mode] ?? "a kernel without it";
  const ofKernel = lacksOf(release ?? os.release());
  const byFilter = refused.filter(({ name }) => !ofKernel.includes(name));
  if (byFilter.length > 0) {
    const names = byFilter.map(({ name }) => name).join(", ");
    return fault("seccomp", "degraded", {
      what: `${what}, which steps have too; it refuses ${names}`,
      effect: byFilter.map(({ effect }) => effect).join("; "),
      mend: byHand(`allow ${names} in the agent's seccomp profile`),
    });
  }
  if (mode !== "2") return ok("seccomp", `${what}, and so for steps`);
  const verdict = entered === "none" ? "whether it allows setns was not seen" : "it allows setns";
  return ok("seccomp", `${what}, which steps have too; ${verdict}`);
}
