import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Container, Pod as Manifest } from "kubernetes-types/core/v1.d.ts";

import { REPOSITORY } from "../support/programs.ts";
import { renderProfile } from "./gocd-pod.ts";
import { PACKAGE } from "./pod.ts";
import { ENTRYPOINT, SEVERAL_AGENT_IMAGE, STAND_INS } from "./several-images.ts";

const MANIFEST = "examples/several-containers/pod.yaml";
/** Its name without what the plugin adds: podman here has no other Pods. */
export const POD_NAME = "several-containers";

/** Mounts a container's termination log into it from where the kubelet has it, which podman does not. */
function addTerminationLog(directory: string, pod: Manifest, container: Container): void {
  const log = path.join(directory, `pods/${randomUUID()}/containers/${container.name}/0123abcd`);
  mkdirSync(path.dirname(log), { recursive: true });
  writeFileSync(log, "");
  container.volumeMounts = [...(container.volumeMounts ?? []), { mountPath: "/dev/termination-log", name: "log" }];
  pod.spec?.volumes?.push({ name: "log", hostPath: { path: log, type: "File" } });
}

/**
 * The manifest as the plugin fills it in, with what an offline machine has: other images, and this repository in the agent's
 * container. Podman's import knows no entrypoint, so that of the agent's image is its command.
 *
 * @param directory Where the files that it mounts are made.
 */
export function severalManifest(directory: string): Manifest {
  const pod = renderProfile(MANIFEST);
  const [agent, ...others] = pod.spec?.containers ?? [];
  const [tools] = pod.spec?.initContainers ?? [];
  if (!pod.spec || !agent || !tools || others.length !== 3) throw new Error(`${MANIFEST} has no five containers`);
  // As for the other Pods: podman shall neither remove the init container nor start it again.
  pod.metadata = { name: POD_NAME, annotations: { "io.podman.annotations.init.container.type": "always" } };
  pod.spec.restartPolicy = "OnFailure";
  tools.image = SEVERAL_AGENT_IMAGE;
  tools.volumeMounts?.push({ mountPath: PACKAGE, name: "package" });
  agent.image = SEVERAL_AGENT_IMAGE;
  agent.command = [ENTRYPOINT];
  agent.env?.push({ name: "K8S_EXECUTOR_CONTAINER", value: "agent" });
  agent.volumeMounts?.push({ mountPath: PACKAGE, name: "package" });
  pod.spec.volumes?.push({ name: "package", hostPath: { path: REPOSITORY, type: "Directory" } });
  for (const container of others) {
    const image = STAND_INS[container.image ?? ""];
    if (image === undefined) throw new Error(`there is no stand-in for the image ${container.image}`);
    container.image = image;
    if (container.name === "database") addTerminationLog(directory, pod, container);
  }
  return pod;
}
