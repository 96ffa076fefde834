import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Container, Pod as Manifest } from "kubernetes-types/core/v1.d.ts";
import { parse } from "yaml";

import { REPOSITORY } from "../support/programs.ts";
import { AGENT_IMAGE } from "./images.ts";
import { PACKAGE } from "./pod.ts";
import { STAND_INS } from "./several-images.ts";

const MANIFEST = "examples/several-containers/pod.yaml";

/** Mounts a container's termination log into it from where the kubelet has it, which podman does not. */
function addTerminationLog(directory: string, pod: Manifest, container: Container): void {
  const log = path.join(directory, `pods/${randomUUID()}/containers/${container.name}/0123abcd`);
  mkdirSync(path.dirname(log), { recursive: true });
  writeFileSync(log, "");
  container.volumeMounts = [...(container.volumeMounts ?? []), { mountPath: "/dev/termination-log", name: "log" }];
  pod.spec?.volumes?.push({ name: "log", hostPath: { path: log, type: "File" } });
}

/**
 * The manifest with what an offline machine has: other images, this repository in the agent's container, and a command that keeps
 * it waiting.
 *
 * @param directory Where the files that it mounts are made.
 */
export function severalManifest(directory: string): Manifest {
  const pod = parse(readFileSync(path.join(REPOSITORY, MANIFEST), "utf8")) as Manifest;
  const [agent, ...others] = pod.spec?.containers ?? [];
  const [tools] = pod.spec?.initContainers ?? [];
  if (!pod.spec || !agent || !tools || others.length !== 3) throw new Error(`${MANIFEST} has no five containers`);
  // As for the other Pods: podman shall neither remove the init container nor start it again.
  pod.metadata = { ...pod.metadata, annotations: { "io.podman.annotations.init.container.type": "always" } };
  pod.spec.restartPolicy = "OnFailure";
  tools.image = AGENT_IMAGE;
  tools.command = [`${PACKAGE}/dist/cli/k8s-executor`, ...(tools.command ?? []).slice(1)];
  tools.volumeMounts?.push({ mountPath: PACKAGE, name: "package" });
  agent.image = AGENT_IMAGE;
  agent.command = ["sleep", "1000000"];
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
