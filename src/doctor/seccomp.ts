import { readStatus } from "../container/index.ts";
import { accessProc } from "../system/index.ts";
import type { AgentFacts } from "./agent-facts.ts";
import { ok, type Finding } from "./finding.ts";

const MODES: Readonly<Record<string, string>> = { 0: "no filter", 1: "strict mode", 2: "a filter" };

/** The filter on this process's system calls, which its steps have too. What it forbids shows in the entries. */
export function checkSeccomp({ entered }: AgentFacts): Finding {
  const mode = readStatus(accessProc(), "/proc/self").get("Seccomp") ?? "";
  const what = MODES[mode] ?? "a kernel without it";
  if (mode !== "2") return ok("seccomp", `${what}, and so for steps`);
  const verdict = entered === "none" ? "whether it allows setns was not seen" : "it allows setns";
  return ok("seccomp", `${what}, which steps have too; ${verdict}`);
}
