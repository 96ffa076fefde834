import type { Pod as Manifest } from "kubernetes-types/core/v1.d.ts";
import { parse } from "yaml";

import type { CheckName, Finding } from "../../src/doctor/finding.ts";
import type { Report } from "../../src/doctor/index.ts";
import type { DoctorCase } from "./doctor-cases.ts";
import { DoctorPod } from "./doctor-pod.ts";
import { mergeManifest } from "./merge-manifest.ts";
import type { Podman } from "./podman.ts";

/** What doctor said in a Pod. */
export interface Said {
  status: number | null;
  text: string;
  report: Report;
}

/** What it said, and what once its mend was applied. */
export interface Transcript extends Said {
  finding: Finding | undefined;
  mended: Said | undefined;
}

/** What one check found, of the agent or of a container. */
export function findingOf({ agent, containers }: Report, check: CheckName): Finding | undefined {
  return [...agent.checks, ...containers.flatMap(({ checks }) => checks)].find((finding) => finding.check === check);
}

function ask(podman: Podman, packages: string, manifest: Manifest, name: DoctorCase["package"]): Said {
  const pod = new DoctorPod(podman, packages, manifest);
  try {
    const { status, stdout, stderr } = pod.doctor([], name);
    if (stderr !== "") throw new Error(`doctor complained: ${stderr}`);
    return { status, text: stdout, report: JSON.parse(pod.doctor(["--json"], name).stdout) as Report };
  } finally {
    pod.close();
  }
}

/** Runs doctor in the Pod of a case and, where it says what to add to the manifest, in the Pod that has it. */
export function transcribe(podman: Podman, packages: string, wanted: DoctorCase): Transcript {
  const said = ask(podman, packages, wanted.manifest, wanted.package);
  const finding = wanted.finding && findingOf(said.report, wanted.finding[0]);
  const yaml = finding?.mend?.yaml;
  if (yaml === undefined) return { ...said, finding, mended: undefined };
  const manifest = mergeManifest(wanted.manifest, parse(yaml)) as Manifest;
  return { ...said, finding, mended: ask(podman, packages, manifest, wanted.package) };
}
