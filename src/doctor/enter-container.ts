import { connect } from "../connect.ts";
import type { Container } from "../container/index.ts";
import { printable } from "../system/index.ts";
import { agentVolume } from "./agent-volume.ts";
import { checkCgroup } from "./cgroup.ts";
import { checkEntry, type Entry } from "./entry.ts";
import type { Finding } from "./finding.ts";
import { guarded } from "./guarded.ts";
import { cannotEnter } from "./refusal.ts";
import type { ContainerReport } from "./report.ts";
import { checkScript } from "./script.ts";
import { checkSharedRoot } from "./shared-root.ts";
import { UNKNOWN, type Subject } from "./subject.ts";
import { mountShared, mountWritable } from "./volume.ts";

/** What was found in it. */
export type Entered = Pick<ContainerReport, "backend" | "backendReason" | "limitations" | "entry" | "runsScripts"> & {
  checks: Finding[];
};

/** Of one that was not entered. */
export const NOT_ENTERED: Omit<Entered, "checks"> = {
  backend: undefined,
  backendReason: undefined,
  limitations: [],
  entry: undefined,
  runsScripts: false,
};

function isWell(findings: readonly Finding[]): boolean {
  return findings.every(({ status }) => status !== "missing");
}

/** Enters it by the backend that a step would take. */
export async function enterContainer(container: Container, subject: Subject): Promise<Entered> {
  const { pid, agent, sharedRoot, config, allowDegraded } = subject;
  const name = subject.name ?? UNKNOWN;
  const volume = sharedRoot && agentVolume(sharedRoot);
  const share = sharedRoot && mountShared(agent, name, sharedRoot, volume);
  const checks: Finding[] = [];
  let shared: Finding | undefined;
  if (sharedRoot && share) {
    const writable = mountWritable(name, sharedRoot.theirs, volume);
    shared = await guarded("shared-root", () => checkSharedRoot(container, sharedRoot, { share, writable }));
  }
  const isShared = sharedRoot !== undefined && shared?.status !== "missing";
  try {
    const roots = isShared ? { sharedRoot: sharedRoot.ours, containerRoot: sharedRoot.theirs } : {};
    await using guest = await connect({ pid, config, allowDegraded, ...roots });
    const { backend, backendReason } = guest;
    let entry: Entry | undefined;
    let hasShell = false;
    checks.push(
      await guarded("entry", async () => {
        entry = await checkEntry(guest, subject);
        return entry.finding;
      }),
    );
    if (isWell(checks)) {
      const script = await checkScript(guest, isShared ? share : undefined, subject);
      hasShell = script.hasShell;
      if (script.finding) checks.push(script.finding);
      if (script.shared) shared = script.shared;
    }
    const limitations = [...new Set([...guest.limitations, ...(entry?.limitations ?? [])])];
    checks.push(await guarded("cgroup", () => checkCgroup(container, limitations, agent, backend)));
    if (shared) checks.push(shared);
    return {
      checks,
      backend,
      backendReason: printable(backendReason),
      limitations: limitations.map((limitation) => printable(limitation)),
      entry: entry?.time,
      runsScripts: hasShell,
    };
  } catch (error) {
    checks.push(cannotEnter("entry", subject, error));
    if (shared) checks.push(shared);
    return { checks, ...NOT_ENTERED };
  }
}
