import type { ContainerInfo } from "../discovery/index.ts";
import { checkCapabilities } from "./capabilities.ts";
import { checkDescriptors } from "./descriptors.ts";
import type { AgentFacts } from "./agent-facts.ts";
import { checkFfi } from "./ffi.ts";
import type { Finding } from "./finding.ts";
import { guarded } from "./guarded.ts";
import { checkHelper } from "./helper-program.ts";
import { checkKernel } from "./kernel.ts";
import { checkNsenter } from "./nsenter-program.ts";
import { checkPidNamespace } from "./pid-namespace.ts";
import { checkPrivileges } from "./privileges.ts";
import { checkProcesses } from "./processes.ts";
import { checkSeccomp } from "./seccomp.ts";

/**
 * Checks what is this process's own.
 *
 * @param found The containers that it sees.
 * @param ofMachine Whether it sees them because its process namespace is the machine's.
 */
export async function checkAgent(
  facts: AgentFacts,
  found: readonly ContainerInfo[],
  ofMachine: boolean,
): Promise<Finding[]> {
  const { helper, refused } = await checkHelper(facts.allowDegraded);
  return [
    await guarded("kernel", () => checkKernel()),
    await guarded("pid-namespace", () => checkPidNamespace(found, ofMachine)),
    await guarded("capabilities", () => checkCapabilities(facts)),
    await guarded("seccomp", () => checkSeccomp(facts, refused)),
    await guarded("privileges", checkPrivileges),
    await guarded("ffi", checkFfi),
    helper,
    await guarded("nsenter", () => checkNsenter(helper.status !== "ok", facts.allowDegraded)),
    await guarded("processes", checkProcesses),
    await guarded("descriptors", checkDescriptors),
  ];
}
