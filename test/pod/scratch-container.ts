import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, realpathSync } from "node:fs";
import path from "node:path";

import { CLI } from "../support/cli.ts";
import type { Podman } from "./podman.ts";
import { SCRATCH_IMAGE } from "./scratch-image.ts";
import { whereIs } from "./where-is.ts";

/** A container of its own, not in a Pod: pause is PID 1 in it. */
export class ScratchContainer {
  readonly #podman: Podman;
  readonly #name: string;
  /** Its main process, as we see it. */
  readonly pid: number;

  /** @param name The container's, and the one that pause is given. */
  constructor(podman: Podman, name: string) {
    this.#podman = podman;
    this.#name = name;
    const tools = path.join(podman.directory, "tools");
    mkdirSync(tools);
    const { status, stderr } = spawnSync(CLI, ["install", tools], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    copyFileSync(realpathSync(whereIs("busybox")), path.join(tools, "busybox"));
    const volume = `${tools}:/tools:ro`;
    const options = ["--detach", "--name", name, "--network", "none", "--volume", volume];
    podman.run(["run", ...options, SCRATCH_IMAGE, "/tools/pause", name]);
    this.pid = Number(podman.run(["inspect", "--format", "{{.State.Pid}}", name]));
  }

  /** Runs BusyBox in it, by podman. */
  busybox(...args: readonly string[]): string {
    return this.#podman.run(["exec", this.#name, "/tools/busybox", ...args]);
  }

  /** Answers the exit status. */
  stop(): string {
    return this.#podman.stop(this.#name);
  }
}
