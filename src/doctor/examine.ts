import { chooseContainer, containers, type ContainerInfo } from "../discovery/index.ts";
import { openSharedRoot, type SharedRoot } from "../step/index.ts";
import type { AgentFacts } from "./agent.ts";
import { checkCapabilities } from "./capabilities.ts";
import { checkDescriptors } from "./descriptors.ts";
import { examineContainer, type Subject } from "./examine-container.ts";
import { checkFfi } from "./ffi.ts";
import { fault, type Finding } from "./finding.ts";
import { guarded, problemOf, unexpected } from "./guarded.ts";
import { checkHelper } from "./helper-program.ts";
import { checkKernel } from "./kernel.ts";
import { checkNsenter } from "./nsenter-program.ts";
import { checkPrivilegeEscalation } from "./privilege-escalation.ts";
import { checkProcessNamespace } from "./process-namespace.ts";
import { checkProcesses } from "./processes.ts";
import type { ContainerReport, Report } from "./report.ts";
import { checkSeccomp } from "./seccomp.ts";
import { summarize } from "./summary.ts";
import { shareVolume } from "./volume.ts";

/** What is to be examined: the options of connect(). */
export interface DoctorOptions {
  container?: string | undefined;
  pid?: number | undefined;
  sharedRoot?: string | undefined;
  containerRoot?: string | undefined;
  config?: string | undefined;
}

/** What stands for a container's name in a manifest where it is not known. */
const AGENT = "agent";

interface Shared {
  root: SharedRoot | undefined;
  /** Where there is none that could be looked at from the containers. */
  finding: Finding | undefined;
}

function openShared({ sharedRoot, containerRoot }: DoctorOptions, agent: string, guests: readonly string[]): Shared {
  if (sharedRoot === undefined) {
    return {
      root: undefined,
      finding: fault("shared-root", "degraded", {
        what: "none was named",
        effect: "scripts travel in memory, and steps see none of the agent's files",
        mend: shareVolume(agent, guests),
      }),
    };
  }
  try {
    return { root: openSharedRoot(sharedRoot, containerRoot), finding: undefined };
  } catch (error) {
    return {
      root: undefined,
      finding: fault("shared-root", "missing", {
        what: problemOf(error),
        effect: "no step runs: each one asks for it",
        mend: shareVolume(agent, guests, { ours: sharedRoot, theirs: containerRoot ?? sharedRoot }),
      }),
    };
  }
}

function label({ name, pid }: Pick<ContainerInfo, "name" | "pid">): string {
  return name === undefined ? `the container of process ${pid}` : `${name} (process ${pid})`;
}

type Found = Pick<Subject, "label" | "name" | "id" | "pid" | "isChosen">;

/** The guests, and the one that was chosen, be it a guest or not. */
function subjects(guests: readonly ContainerInfo[], chosen: number | undefined): Found[] {
  const found = guests.map((info) => {
    const { name, id, pid } = info;
    return { label: label(info), name, id, pid, isChosen: pid === chosen };
  });
  if (chosen === undefined || found.some(({ isChosen }) => isChosen)) return found;
  const named = { name: undefined, id: undefined, pid: chosen };
  return [{ ...named, label: label(named), isChosen: true }, ...found];
}

function choose({ container, pid }: DoctorOptions): { chosen: number | undefined; refused: Finding | undefined } {
  if (container === undefined) return { chosen: pid, refused: undefined };
  try {
    return { chosen: chooseContainer(container).pid, refused: undefined };
  } catch (error) {
    return { chosen: undefined, refused: { ...unexpected("container", error), effect: "no step runs in it" } };
  }
}

async function list(): Promise<{ found: ContainerInfo[]; failure: Finding | undefined }> {
  try {
    return { found: await containers(), failure: undefined };
  } catch (error) {
    return { found: [], failure: unexpected("pid-namespace", error) };
  }
}

async function checkAgent(facts: AgentFacts, found: readonly ContainerInfo[]): Promise<Finding[]> {
  const helper = await guarded("helper", checkHelper);
  return [
    await guarded("kernel", () => checkKernel()),
    await guarded("pid-namespace", () => checkProcessNamespace(found)),
    await guarded("capabilities", () => checkCapabilities(facts)),
    await guarded("seccomp", () => checkSeccomp(facts)),
    await guarded("privileges", checkPrivilegeEscalation),
    await guarded("ffi", checkFfi),
    helper,
    await guarded("nsenter", () => checkNsenter(helper.status !== "ok")),
    await guarded("processes", checkProcesses),
    await guarded("descriptors", checkDescriptors),
  ];
}

function enteredOf(reports: readonly ContainerReport[]): AgentFacts["entered"] {
  const entered = reports.filter(({ checks }) =>
    checks.some(({ check, status }) => check === "entry" && status !== "missing"),
  );
  if (entered.length === 0) return "none";
  return entered.length === reports.length ? "all" : "some";
}

/**
 * Examines this process, which is the agent, and the containers of the Pod: whether steps would run, and what would mend it
 * where they would not. It enters each of them some times, and writes to the shared root. It never rejects.
 *
 * @param options The container that is chosen; by default none is, and all count.
 */
export async function examine(options: DoctorOptions): Promise<Report> {
  const { found, failure } = await list();
  const guests = found.filter(({ role }) => role === "guest");
  const own = found.find(({ role }) => role === "agent")?.name;
  const agent = own ?? AGENT;
  const { chosen, refused } = choose(options);
  const shared = openShared(options, agent, [...new Set(guests.map(({ name }) => name ?? "build"))]);
  const reports: ContainerReport[] = [];
  try {
    for (const subject of subjects(guests, chosen)) {
      reports.push(await examineContainer({ ...subject, agent, sharedRoot: shared.root, config: options.config }));
    }
  } finally {
    shared.root?.close();
  }
  const facts: AgentFacts = { name: agent, entered: enteredOf(reports) };
  const checks = [
    ...(await checkAgent(facts, found)),
    ...[failure, shared.finding, refused].filter((finding) => finding !== undefined),
  ];
  const obstacle =
    [shared.finding, refused].find((finding) => finding?.status === "missing") ??
    (reports.length === 0 ? checks.find(({ status }) => status === "missing") : undefined);
  const concluded = reports.map((report) => ({ ...report, runs: report.runs && obstacle === undefined }));
  const counting = concluded.filter(({ isChosen }) => isChosen);
  const relevant = counting.length === 0 ? concluded : counting;
  return {
    ok: relevant.length > 0 && relevant.every(({ runs }) => runs),
    agent: { name: own, pid: process.pid, uid: process.geteuid?.() ?? 0, checks },
    containers: concluded,
    summary: summarize(concluded, obstacle),
  };
}
