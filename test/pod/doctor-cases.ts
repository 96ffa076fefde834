import type { Container, Pod as Manifest } from "kubernetes-types/core/v1.d.ts";

import type { CheckName, CheckStatus } from "../../src/doctor/finding.ts";
import { healthyManifest, PACKAGES, type PackageName } from "./doctor-pod.ts";
import { AGENT_IMAGE } from "./images.ts";
import { SCRATCH_IMAGE } from "./scratch-image.ts";

/** A Pod that lacks one thing, and what doctor is to say of it. */
export interface DoctorCase {
  /** The transcript's heading in docs/doctor.md. */
  title: string;
  manifest: Manifest;
  package: PackageName;
  /** The exit status. */
  status: 0 | 1;
  /** The check that tells, and how; undefined where nothing is lacking. */
  finding: readonly [CheckName, CheckStatus] | undefined;
  /** Whether it says what to add to the manifest; else no manifest mends it. */
  hasYaml: boolean;
  /** Whether the build container has a shell. */
  hasShell: boolean;
}

type Lack = (spec: NonNullable<Manifest["spec"]>, agent: Container, build: Container) => void;

function lacking(
  title: string,
  lack: Lack,
  finding: DoctorCase["finding"],
  options: Partial<Pick<DoctorCase, "status" | "package" | "hasYaml" | "hasShell">> = {},
): DoctorCase {
  const manifest = healthyManifest();
  const [agent, build] = manifest.spec?.containers ?? [];
  if (!manifest.spec || !agent || !build) throw new Error("the healthy manifest has no two containers");
  lack(manifest.spec, agent, build);
  const { status = 1, package: name = "whole" } = options;
  const { hasYaml = finding !== undefined && name === "whole", hasShell = true } = options;
  return { title, manifest, package: name, status, finding, hasYaml, hasShell };
}

const nothing: Lack = () => undefined;

/** Calls the shared volume otherwise than doctor's own lines do. */
function nameVolume(name: string, spec: NonNullable<Manifest["spec"]>, ...containers: Container[]): void {
  const places = [...(spec.volumes ?? []), ...containers.flatMap(({ volumeMounts }) => volumeMounts ?? [])];
  for (const place of places) if (place.name === "shared-workspace") place.name = name;
}

/** A healthy Pod, and one for each thing that can be lacking. */
export function doctorCases(): DoctorCase[] {
  return [
    lacking("A healthy Pod", nothing, undefined, { status: 0 }),
    lacking(
      "A build container of an image that holds nothing",
      (spec, _agent, build) => {
        Object.assign(build, { image: SCRATCH_IMAGE, command: ["/go/pause", "maven"], env: [] });
        const command = [`${PACKAGES}/whole/dist/cli/k8s-executor`, "install", "/go"];
        spec.initContainers = [{ ...build, name: "install", image: AGENT_IMAGE, command }];
      },
      ["shell", "degraded"],
      { status: 0, hasYaml: false, hasShell: false },
    ),
    lacking("No shared process namespace", (spec) => delete spec.shareProcessNamespace, ["pid-namespace", "missing"]),
    lacking("No SYS_ADMIN", (_, agent) => delete agent.securityContext?.capabilities, ["capabilities", "missing"]),
    lacking(
      "An agent that is not root",
      (_, agent) => {
        agent.securityContext = { ...agent.securityContext, runAsUser: 1000 };
      },
      ["capabilities", "missing"],
    ),
    lacking(
      "No SYS_PTRACE, and a build container of another user",
      (_spec, _agent, build) => {
        build.securityContext = { runAsUser: 1000, runAsGroup: 1000 };
      },
      ["access", "missing"],
    ),
    lacking(
      "The shared volume is not mounted in the build container",
      (spec, agent, build) => {
        nameVolume("pipelines", spec, agent);
        delete build.volumeMounts;
      },
      ["shared-root", "missing"],
    ),
    lacking(
      "The shared volume is mounted read-only in the build container",
      (spec, agent, build) => {
        nameVolume("pipelines", spec, agent, build);
        for (const mount of build.volumeMounts ?? []) mount.readOnly = true;
      },
      ["shared-root", "degraded"],
      { status: 0 },
    ),
    lacking(
      "No shared volume",
      (spec, agent, build) => {
        spec.volumes = [];
        for (const container of [agent, build]) container.volumeMounts = [];
        agent.env = agent.env?.slice(0, 1) ?? [];
      },
      ["shared-root", "degraded"],
      { status: 0 },
    ),
    lacking("No FFI", nothing, ["ffi", "degraded"], { status: 0, package: "no-ffi" }),
    lacking("No helper", nothing, ["helper", "missing"], { package: "no-helper" }),
  ];
}
