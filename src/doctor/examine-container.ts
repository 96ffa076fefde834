import { pinContainer, type Container } from "../container/index.ts";
import { ExecutorError } from "../errors/index.ts";
import { joinsOf } from "./cgroup.ts";
import { enterContainer, NOT_ENTERED, type Entered } from "./enter-container.ts";
import { ok } from "./finding.ts";
import { guarded, unexpected } from "./guarded.ts";
import { checkNamespaces } from "./namespaces.ts";
import { checkContainerProcesses } from "./processes.ts";
import { cannotEnter } from "./refusal.ts";
import type { ContainerReport } from "./report.ts";
import type { Subject } from "./subject.ts";

/**
 * Checks one container. Whatever fails is a finding.
 *
 * @returns Undefined for one that has ended since it was found, and that nobody asked for.
 */
export async function examineContainer(subject: Subject): Promise<ContainerReport | undefined> {
  const { label, name, id, pid, isChosen } = subject;
  const conclude = ({ checks, runsScripts, ...entered }: Entered): ContainerReport => {
    const runs = checks.every(({ status }) => status !== "missing");
    return { label, name, id, pid, isChosen, checks, runs, runsScripts: runs && runsScripts, ...entered };
  };
  let container: Container;
  try {
    container = pinContainer(pid);
  } catch (error) {
    if (!isChosen && error instanceof ExecutorError && error.code === "TARGET_NOT_FOUND") return undefined;
    return conclude({ checks: [cannotEnter("access", subject, error)], ...NOT_ENTERED });
  }
  try {
    const { uid, ourUid } = container.identity;
    const who = uid === ourUid ? `user ${uid}` : `user ${uid}, who is ${ourUid} here`;
    const before = [
      ok("access", `open to the agent; its main process is of ${who}`),
      await guarded("namespaces", () => checkNamespaces(container)),
    ];
    const { checks, ...entered } = await enterContainer(container, subject);
    const joins = joinsOf(container, entered.limitations, entered.backend);
    const processes = await guarded("processes", () =>
      checkContainerProcesses(container, joins, entered.entry !== undefined),
    );
    return conclude({ checks: [...before, ...checks, processes], ...entered });
  } catch (error) {
    return conclude({ checks: [unexpected("entry", error)], ...NOT_ENTERED });
  } finally {
    container.close();
  }
}
