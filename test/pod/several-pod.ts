import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Container, Pod as Manifest } from "kubernetes-types/core/v1.d.ts";
import { parse } from "yaml";

import type { Job } from "../gocd/job.ts";
import { parseReplay, type Replay } from "../gocd/replay.ts";
import { REPOSITORY } from "../support/programs.ts";
import { AGENT_IMAGE } from "./images.ts";
import { PACKAGE } from "./pod.ts";
import type { Output, Podman } from "./podman.ts";
import { STAND_INS } from "./several-images.ts";

const MANIFEST = "examples/several-containers/pod.yaml";

/** An option of add() for the volume that the Pod's containers share. */
export const SHARED = "--volume=pipelines:/go/pipelines";

/** What podman knows of a container. */
export interface Inspected {
  id: string;
  /** Of its main process, as the agent's container counts. */
  pid: number;
  /** As the machine counts. */
  machinePid: number;
  startedAt: Date;
  memoryLimitBytes: number;
  cpuLimit: number;
}

/** Mounts a container's termination log into it from where the kubelet has it, which podman does not. */
function addTerminationLog(directory: string, pod: Manifest, container: Container): void {
  const log = path.join(directory, `pods/${randomUUID()}/containers/${container.name}/0123abcd`);
  mkdirSync(path.dirname(log), { recursive: true });
  writeFileSync(log, "");
  container.volumeMounts = [...(container.volumeMounts ?? []), { mountPath: "/dev/termination-log", name: "log" }];
  pod.spec?.volumes?.push({ name: "log", hostPath: { path: log, type: "File" } });
}

/** What an offline machine has: other images, this repository in the agent's container, and a command that keeps it waiting. */
function manifest(directory: string): Manifest {
  const pod = parse(readFileSync(path.join(REPOSITORY, MANIFEST), "utf8")) as Manifest;
  const [agent, ...others] = pod.spec?.containers ?? [];
  if (!agent || others.length !== 3) throw new Error(`${MANIFEST} has no four containers`);
  agent.image = AGENT_IMAGE;
  agent.command = ["sleep", "1000000"];
  agent.env?.push({ name: "K8S_EXECUTOR_CONTAINER", value: "agent" });
  agent.volumeMounts?.push({ mountPath: PACKAGE, name: "package" });
  pod.spec?.volumes?.push({ name: "package", hostPath: { path: REPOSITORY, type: "Directory" } });
  for (const container of others) {
    const image = STAND_INS[container.image ?? ""];
    if (image === undefined) throw new Error(`there is no stand-in for the image ${container.image}`);
    container.image = image;
    if (container.name === "database") addTerminationLog(directory, pod, container);
  }
  return pod;
}

/** The Pod of examples/several-containers, started by podman from its manifest. */
export class SeveralPod {
  readonly #podman: Podman;
  readonly #file: string;

  constructor(podman: Podman) {
    this.#podman = podman;
    this.#file = path.join(podman.directory, "several-containers.json");
    writeFileSync(this.#file, JSON.stringify(manifest(podman.directory)));
    podman.run(["kube", "play", "--network", "none", this.#file]);
    // The kubelet starts them in the manifest's order, podman in any.
    for (const name of ["maven", "golang", "database"]) podman.run(["restart", "--time", "0", this.nameOf(name)]);
  }

  /** What podman calls a container of the Pod. */
  nameOf(container: string): string {
    return `several-containers-${container}`;
  }

  /** Runs a command in a container by podman itself. */
  in(container: string, command: readonly string[], options: readonly string[] = []): Output {
    return this.#podman.try(["exec", ...options, this.nameOf(container), ...command]);
  }

  /** Runs a command of ours in the agent's container. */
  cli(args: readonly string[], directory = "/go/pipelines"): Output {
    return this.in("agent", [`${PACKAGE}/dist/cli/k8s-executor`, ...args], ["--workdir", directory]);
  }

  /** Starts it there; the caller sees to its end. */
  startCli(args: readonly string[]): ChildProcess {
    const options = ["--interactive", "--workdir", "/go/pipelines", this.nameOf("agent")];
    const { program, environment } = this.#podman;
    const [command = "", ...rest] = [...program, "exec", ...options, `${PACKAGE}/dist/cli/k8s-executor`, ...args];
    return spawn(command, rest, { env: environment, stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Runs one task of a job, as a GoCD agent in the agent's container does. */
  replay(job: Job): Replay {
    const program = ["--import", `${PACKAGE}/node_modules/tsx/dist/loader.mjs`, `${PACKAGE}/test/gocd/agent.ts`];
    const options = ["--interactive", "--workdir", "/go", "--env", `PATH=${PACKAGE}/dist/cli:/usr/bin:/bin`];
    const command = ["exec", ...options, this.nameOf("agent"), "node", ...program];
    return parseReplay(this.#podman.run(command, Buffer.from(JSON.stringify(job))));
  }

  /** Starts one more container in the Pod. */
  add(container: string, image: string, options: readonly string[], command: readonly string[]): void {
    const pod = ["--detach", "--pod", "several-containers", "--name", this.nameOf(container)];
    this.#podman.run(["run", ...pod, ...options, image, ...command]);
  }

  remove(container: string): void {
    this.#podman.run(["rm", "--force", "--time", "0", this.nameOf(container)]);
  }

  /** Kills its main process, and waits until podman knows. */
  kill(container: string): void {
    this.#podman.run(["kill", this.nameOf(container)]);
    this.#podman.run(["wait", this.nameOf(container)]);
  }

  start(container: string): void {
    this.#podman.run(["start", this.nameOf(container)]);
  }

  inspect(container: string): Inspected {
    const [told] = JSON.parse(this.#podman.run(["inspect", this.nameOf(container)])) as [
      {
        Id: string;
        State: { Pid: number; StartedAt: string };
        HostConfig: { Memory: number; CpuQuota: number; CpuPeriod: number };
      },
    ];
    const { Id: id, State: state, HostConfig: limits } = told;
    const status = readFileSync(`/proc/${state.Pid}/status`, "utf8");
    return {
      id,
      pid: Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1]),
      machinePid: state.Pid,
      startedAt: new Date(state.StartedAt),
      memoryLimitBytes: limits.Memory,
      cpuLimit: limits.CpuQuota / limits.CpuPeriod,
    };
  }

  /** The id of the container that keeps the Pod's namespaces. */
  pauseId(): string {
    const pods = JSON.parse(this.#podman.run(["pod", "inspect", "several-containers"])) as { InfraContainerID: string };
    return pods.InfraContainerID;
  }

  close(): void {
    this.#podman.try(["kube", "down", this.#file]);
  }
}
