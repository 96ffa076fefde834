import { writeFileSync } from "node:fs";
import path from "node:path";

import type { Pod as Manifest } from "kubernetes-types/core/v1.d.ts";

import { REPOSITORY } from "../support/programs.ts";
import { AGENT_IMAGE } from "./images.ts";
import { PACKAGE } from "./pod.ts";
import type { Output, Podman } from "./podman.ts";
import { SCRATCH_IMAGE } from "./scratch-image.ts";

const POD = "scratch-pod";
const CONTAINER = "nothing";

/** What goes to the volume: pause, and a static program, for an image that holds nothing has none to run. */
const INSTALL = `${PACKAGE}/dist/cli/k8s-executor install /tools && cp /bin/busybox /tools/busybox`;

function manifest(): Manifest {
  const tools = { name: "tools", mountPath: "/tools" };
  const ourselves = { name: "package", mountPath: PACKAGE };
  return {
    apiVersion: "v1",
    kind: "Pod",
    // podman 4.3 fails at times to remove an init container that has just ended; so let it stay. Nor shall it start it again.
    metadata: { name: POD, annotations: { "io.podman.annotations.init.container.type": "always" } },
    spec: {
      shareProcessNamespace: true,
      restartPolicy: "OnFailure",
      volumes: [
        { name: "tools", emptyDir: {} },
        { name: "package", hostPath: { path: REPOSITORY, type: "Directory" } },
      ],
      initContainers: [
        { name: "install", image: AGENT_IMAGE, command: ["sh", "-c", INSTALL], volumeMounts: [tools, ourselves] },
      ],
      containers: [
        {
          name: "agent",
          image: AGENT_IMAGE,
          command: ["sleep", "1000000"],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ["SYS_ADMIN"] } },
          volumeMounts: [ourselves],
        },
        {
          name: CONTAINER,
          image: SCRATCH_IMAGE,
          command: ["/tools/pause"],
          env: [{ name: "K8S_EXECUTOR_CONTAINER", value: CONTAINER }],
          volumeMounts: [{ ...tools, readOnly: true }],
        },
      ],
    },
  };
}

/** A Pod in which a container of an image that holds nothing runs pause. */
export class ScratchPod {
  readonly #podman: Podman;
  readonly #file: string;

  constructor(podman: Podman) {
    this.#podman = podman;
    this.#file = path.join(podman.directory, "scratch-pod.yaml");
    writeFileSync(this.#file, JSON.stringify(manifest()));
    podman.run(["kube", "play", "--network", "none", this.#file]);
  }

  /** Runs a command in the agent's container. */
  agent(command: readonly string[]): Output {
    return this.#podman.try(["exec", `${POD}-agent`, ...command]);
  }

  /** Answers the exit status. */
  stop(): string {
    return this.#podman.stop(`${POD}-${CONTAINER}`);
  }

  close(): void {
    this.#podman.try(["kube", "down", this.#file]);
  }
}
