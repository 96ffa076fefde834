import { requireConnectOptions } from "../connect.ts";
import { containers, type ContainerInfo } from "../discovery/index.ts";
import { checkAgent } from "./agent.ts";
import type { AgentFacts } from "./agent-facts.ts";
import { checkConfig } from "./config.ts";
import { examineContainer } from "./examine-container.ts";
import type { Finding } from "./finding.ts";
import { unexpected } from "./guarded.ts";
import { checkHiddenProcesses } from "./hidden-processes.ts";
import type { DoctorOptions } from "./options.ts";
import { isMachines } from "./pid-namespace.ts";
import type { ContainerReport, Report } from "./report.ts";
import { openShared } from "./shared.ts";
import { UNKNOWN } from "./subject.ts";
import { choose, subjects } from "./subjects.ts";
import { summarize } from "./summary.ts";

/** What stands for a container's name in a manifest where it is not known. */
const AGENT = "agent";

async function list(): Promise<{ found: ContainerInfo[]; failure: Finding | undefined }> {
  try {
    return { found: await containers(), failure: undefined };
  } catch (error) {
    return { found: [], failure: unexpected("pid-namespace", error) };
  }
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
 * where they would not. It enters each of them some times, and writes to the shared root.
 *
 * @param options The container that is chosen; by default none is, and all count.
 * @throws ExecutorError INVALID_OPTION for options that cannot be right, and nothing else.
 */
export async function examine(options: DoctorOptions): Promise<Report> {
  requireConnectOptions(options);
  const configFault = checkConfig(options.config);
  const config = configFault ? undefined : options.config;
  const { found, failure } = await list();
  const guests = found.filter(({ role }) => role === "guest");
  const own = found.find(({ role }) => role === "agent")?.name;
  const agent = own ?? AGENT;
  const ofMachine = isMachines();
  // Of several on the machine, the others may be anybody's. The only one is the one that connect() would take.
  const isRestricted = ofMachine && guests.length > 1;
  const { chosen, refused } = choose(options, isRestricted);
  const shared = openShared(options, agent, [...new Set(guests.map(({ name }) => name ?? UNKNOWN))]);
  const reports: ContainerReport[] = [];
  try {
    for (const subject of subjects(guests, chosen)) {
      if (isRestricted && !subject.isChosen) continue;
      const report = await examineContainer({ ...subject, agent, sharedRoot: shared.root, config });
      if (report) reports.push(report);
    }
  } finally {
    shared.root?.close();
  }
  const facts: AgentFacts = { name: agent, entered: enteredOf(reports) };
  const checks = [
    ...(await checkAgent(facts, found, ofMachine)),
    ...[failure, checkHiddenProcesses(facts), shared.finding, configFault, refused].filter(
      (finding) => finding !== undefined,
    ),
  ];
  const obstacle =
    [shared.finding, configFault, refused].find((finding) => finding?.status === "missing") ??
    (reports.length === 0 ? checks.find(({ status }) => status === "missing") : undefined);
  if (obstacle) for (const report of reports) report.runs = report.runsScripts = false;
  const chosenOnes = reports.filter(({ isChosen }) => isChosen);
  const relevant = chosenOnes.length === 0 ? reports : chosenOnes;
  return {
    ok: relevant.length > 0 && relevant.every(({ runs }) => runs),
    agent: { name: own, pid: process.pid, uid: process.geteuid?.() ?? 0, checks },
    containers: reports,
    summary: summarize(relevant, obstacle, chosenOnes.length > 0),
  };
}
