import path from "node:path";

import { BUILD_IMAGE, makeBuildImage } from "../../test/pod/images.ts";
import { Podman } from "../../test/pod/podman.ts";
import type { PodmanExec } from "../measured/index.ts";

const CONTAINER = "k8s-executor-bench";

/** A container of podman's that sees the shared directory where the guest does. */
export class PodmanContainer {
  readonly exec: PodmanExec;
  readonly #podman = new Podman();

  constructor(sharedRoot: string, containerRoot: string) {
    const { directory } = this.#podman;
    try {
      makeBuildImage(this.#podman);
      const where = ["--network", "none", "--volume", `${sharedRoot}:${containerRoot}`];
      this.#podman.run(["run", "--detach", "--name", CONTAINER, ...where, BUILD_IMAGE, "sleep", "infinity"]);
    } catch (error) {
      this.#podman.close();
      throw error;
    }
    this.exec = {
      command: ["podman", "--root", `${directory}/storage`, "--runroot", `${directory}/run`],
      container: CONTAINER,
      env: { CONTAINERS_CONF: path.join(directory, "containers.conf") },
    };
  }

  close(): void {
    this.#podman.try(["rm", "--force", "--time", "0", CONTAINER]);
    this.#podman.close();
  }
}
