import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Job } from "../gocd/job.ts";
import { parseReplay, type Replay } from "../gocd/replay.ts";
import { PACKAGE } from "./pod.ts";
import type { Output, Podman } from "./podman.ts";
import { POD_NAME, severalManifest } from "./several-manifest.ts";

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

/** The Pod of examples/several-containers, started by podman from its manifest. */
export class SeveralPod {
  readonly #podman: Podman;
  readonly #file: string;

  constructor(podman: Podman) {
    this.#podman = podman;
    this.#file = path.join(podman.directory, "several-containers.json");
    writeFileSync(this.#file, JSON.stringify(severalManifest(podman.directory)));
    podman.run(["kube", "play", "--network", "none", this.#file]);
    this.#waitForAgent();
    // The kubelet starts them in the manifest's order, podman in any.
    for (const name of ["maven", "golang", "database"]) podman.run(["restart", "--time", "0", this.nameOf(name)]);
  }

  /** Its entrypoint first waits for another container. */
  #waitForAgent(): void {
    // The brackets are there for this very command line.
    const isThere = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q 'slee[p] 1000000 '";
    const { status, stderr } = this.in("agent", ["timeout", "60", "sh", "-c", `until ${isThere}; do sleep 0.05; done`]);
    if (status === 0) return;
    const log = this.#podman.try(["logs", this.nameOf("agent")]);
    throw new Error(`the agent did not start (${status}): ${stderr}${log.stdout}${log.stderr}`);
  }

  /** What podman calls a container of the Pod. */
  nameOf(container: string): string {
    return `${POD_NAME}-${container}`;
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
    const pod = ["--detach", "--pod", POD_NAME, "--name", this.nameOf(container)];
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
    const pods = JSON.parse(this.#podman.run(["pod", "inspect", POD_NAME])) as { InfraContainerID: string };
    return pods.InfraContainerID;
  }

  close(): void {
    this.#podman.try(["kube", "down", this.#file]);
  }
}
