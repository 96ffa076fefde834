import { spawn } from "node:child_process";

import type { CheckName, CheckStatus } from "../../src/doctor/finding.ts";
import type { Finding, Report } from "../../src/doctor/index.ts";
import { CLI, finished, plainEnvironment, type CliResult } from "../support/cli.ts";

/** How doctor is started. */
export interface DoctorRun {
  /** A program before it, as ["setpriv", ...]. */
  before?: readonly string[];
  /** Instead of the built command line. */
  program?: readonly string[];
  env?: NodeJS.ProcessEnv;
}

/** Runs `k8s-executor doctor` to its end. */
export function doctor(
  args: readonly string[],
  { before = [], program = [CLI], env = {} }: DoctorRun = {},
): Promise<CliResult> {
  const [command = "", ...rest] = [...before, ...program, "doctor", ...args];
  return finished(
    spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"], cwd: "/", env: { ...plainEnvironment(), ...env } }),
  );
}

/** What it found, and its exit status. */
export interface Examined {
  status: number | null;
  report: Report;
  /** What it found of the agent, or of the container that is chosen or the only one. */
  finding: (check: CheckName) => Finding;
  /** As a short list: "entry missing". */
  troubles: string[];
}

/** The same with --json, taken apart. */
export async function examined(args: readonly string[], run: DoctorRun = {}): Promise<Examined> {
  const { status, stdout, stderr } = await doctor([...args, "--json"], run);
  if (stdout === "") throw new Error(`doctor said nothing (exit status ${status}): ${stderr}`);
  const report = JSON.parse(stdout) as Report;
  const chosen = report.containers.find(({ isChosen }) => isChosen) ?? report.containers[0];
  const checks = [...(chosen?.checks ?? []), ...report.agent.checks];
  const isTrouble = (troubles: CheckStatus): boolean => troubles !== "ok";
  return {
    status,
    report,
    finding(check) {
      const found = checks.find((finding) => finding.check === check);
      if (!found) throw new Error(`there is no check ${check} in ${stdout}`);
      return found;
    },
    troubles: checks
      .filter((finding) => isTrouble(finding.status))
      .map((finding) => `${finding.check} ${finding.status}`),
  };
}
