import { printable } from "../system/index.ts";
import { connect } from "../connect.ts";
import { pinContainer, type Container } from "../container/index.ts";
import { ExecutorError } from "../errors/index.ts";
import type { SharedRoot } from "../step/index.ts";
import { checkCgroup, joinsOf } from "./cgroup.ts";
import { checkEntry, type Entry } from "./entry.ts";
import { ok, type Finding } from "./finding.ts";
import { guarded, unexpected } from "./guarded.ts";
import { checkNamespaces } from "./namespaces.ts";
import { checkContainerProcesses } from "./processes.ts";
import { cannotEnter } from "./refusal.ts";
import type { ContainerReport } from "./report.ts";
import { checkScript } from "./script.ts";
import { checkSharedRoot } from "./shared-root.ts";
import { mountWritable, shareVolume } from "./volume.ts";

/** Which container, and from where. */
export interface Subject {
  label: string;
  name: string | undefined;
  id: string | undefined;
  pid: number;
  /** The user of its main process. */
  uid: number | undefined;
  isChosen: boolean;
  /** The name of the agent's container. */
  agent: string;
  sharedRoot: SharedRoot | undefined;
  /** The configuration's file. */
  config: string | undefined;
}

type Entered = Pick<ContainerReport, "backend" | "backendReason" | "limitations" | "entry"> & { checks: Finding[] };

/** What stands for a container's name in a manifest where it is not known. */
export const UNKNOWN = "build";

const NOT_ENTERED = { backend: undefined, backendReason: undefined, limitations: [], entry: undefined };

/** Enters it by the backend that a step would take. */
async function enter(container: Container, subject: Subject): Promise<Entered> {
  const { pid, agent, sharedRoot, config } = subject;
  const name = subject.name ?? UNKNOWN;
  const share = shareVolume(agent, [name], sharedRoot);
  const checks: Finding[] = [];
  let shared: Finding | undefined;
  if (sharedRoot) {
    const writable = mountWritable(name, sharedRoot.theirs);
    shared = await guarded("shared-root", () => checkSharedRoot(container, sharedRoot, { share, writable }));
  }
  const isShared = shared !== undefined && shared.status !== "missing";
  try {
    const roots = isShared && sharedRoot ? { sharedRoot: sharedRoot.ours, containerRoot: sharedRoot.theirs } : {};
    await using guest = await connect({ pid, config, ...roots });
    const { backend, backendReason } = guest;
    let entry: Entry | undefined;
    checks.push(
      await guarded("entry", async () => {
        entry = await checkEntry(guest, subject);
        return entry.finding;
      }),
    );
    if (isShared && checks.every(({ status }) => status !== "missing"))
      shared = (await checkScript(guest, share)) ?? shared;
    const limitations = [...new Set([...guest.limitations, ...(entry?.limitations ?? [])])];
    checks.push(await guarded("cgroup", () => checkCgroup(container, limitations, agent, backend)));
    if (shared) checks.push(shared);
    return {
      checks,
      backend,
      backendReason: printable(backendReason),
      limitations: limitations.map((limitation) => printable(limitation)),
      entry: entry?.time,
    };
  } catch (error) {
    checks.push(cannotEnter("entry", subject, error));
    if (shared) checks.push(shared);
    return { checks, ...NOT_ENTERED };
  }
}

/**
 * Checks one container. Whatever fails is a finding.
 *
 * @returns Undefined for one that has ended since it was found, and that nobody asked for.
 */
export async function examineContainer(subject: Subject): Promise<ContainerReport | undefined> {
  const { label, name, id, pid, isChosen } = subject;
  const conclude = ({ checks, ...entered }: Entered): ContainerReport => {
    const runs = checks.every(({ status }) => status !== "missing");
    return { label, name, id, pid, isChosen, checks, runs, ...entered };
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
    const { checks, ...entered } = await enter(container, subject);
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
