import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Container, Pod as Manifest } from "kubernetes-types/core/v1.d.ts";

import { REPOSITORY } from "../support/programs.ts";
import { AGENT_IMAGE, BUILD_IMAGE } from "./images.ts";
import type { Output, Podman } from "./podman.ts";

/** Where the agent's container sees the packages. */
export const PACKAGES = "/packages";
/** Of the package as it is, and of two that lack something. */
export type PackageName = "whole" | "no-ffi" | "no-helper";

/** Makes the packages that a Pod of doctor's has. */
export function makePackages(podman: Podman): string {
  const directory = path.join(podman.directory, "packages");
  for (const name of ["whole", "no-ffi", "no-helper"] satisfies PackageName[]) {
    const copy = path.join(directory, name);
    mkdirSync(copy, { recursive: true });
    const parts = ["package.json", "dist", "node_modules/uuid", "node_modules/koffi"];
    // koffi's program for a platform is a package of its own.
    if (name !== "no-ffi") parts.push("node_modules/@koromix");
    if (name !== "no-helper") parts.push("native/build");
    for (const part of parts) cpSync(path.join(REPOSITORY, part), path.join(copy, part), { recursive: true });
  }
  return directory;
}

/** A Pod that lacks nothing: an agent and a build container, and a volume that both mount. */
export function healthyManifest(): Manifest {
  const mount = { name: "shared-workspace", mountPath: "/go" };
  const named = (name: string): Container => ({
    name,
    env: [{ name: "K8S_EXECUTOR_CONTAINER", value: name }],
    command: ["sleep", "1000000"],
    volumeMounts: [{ ...mount }],
  });
  const agent: Container = {
    ...named("agent"),
    image: AGENT_IMAGE,
    securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ["SYS_ADMIN"] } },
  };
  agent.env?.push(
    { name: "GO_K8S_CONTAINER_SHARED_ROOT", value: "/go" },
    { name: "GO_K8S_CONTAINER_ROOT", value: "/go" },
  );
  return {
    apiVersion: "v1",
    kind: "Pod",
    // podman 4.3 fails at times to remove an init container that has just ended; so let it stay. Nor shall it start it again.
    metadata: { name: "doctor", annotations: { "io.podman.annotations.init.container.type": "always" } },
    spec: {
      shareProcessNamespace: true,
      restartPolicy: "OnFailure",
      volumes: [{ name: "shared-workspace", emptyDir: {} }],
      containers: [agent, { ...named("maven"), image: BUILD_IMAGE }],
    },
  };
}

/** A Pod in which doctor is run, started by podman. */
export class DoctorPod {
  readonly #podman: Podman;

  constructor(podman: Podman, packages: string, manifest: Manifest) {
    this.#podman = podman;
    const file = path.join(podman.directory, "doctor.yaml");
    const whole = structuredClone(manifest);
    for (const container of [...(whole.spec?.initContainers ?? []), whole.spec?.containers[0]]) {
      container?.volumeMounts?.push({ name: "packages", mountPath: PACKAGES, readOnly: true });
    }
    whole.spec?.volumes?.push({ name: "packages", hostPath: { path: packages, type: "Directory" } });
    writeFileSync(file, JSON.stringify(whole));
    podman.run(["kube", "play", "--network", "none", file]);
  }

  /** Runs doctor in the agent's container. */
  doctor(args: readonly string[] = [], name: PackageName = "whole"): Output {
    return this.#podman.try(["exec", "doctor-agent", `${PACKAGES}/${name}/dist/cli/k8s-executor`, "doctor", ...args]);
  }

  close(): void {
    this.#podman.try(["pod", "rm", "--force", "--time", "0", "doctor"]);
  }
}
