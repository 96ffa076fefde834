import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { AGENT_IMAGE, BUILD_IMAGE } from "./images.ts";
import type { Output, Podman } from "./podman.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
/** Where the agent's container sees this repository. */
export const PACKAGE = "/k8s-executor";

const PACKAGE_MOUNT = `        - mountPath: ${PACKAGE}\n          name: package\n`;
const COMMAND = '      command: ["/tools/pause", "build-environment"]';

/** Replaces text that must be there: a manifest that changed shall fail here, not silently miss the edit. */
function replace(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the manifest has no ${JSON.stringify(from)}`);
  return text.replaceAll(from, to);
}

/**
 * The manifest of examples/ with only what an offline machine needs changed: image names, this repository for the
 * agent and what installs, a command that keeps the agent waiting, and what the contract expects of the build container.
 */
function manifest(uid: number): string {
  let text = readFileSync(path.join(REPOSITORY, "examples/pod.yaml"), "utf8");
  text = replace(text, "custom/gocd-k8s-elastic-agent", AGENT_IMAGE);
  text = replace(text, "node:16.14.0 # any image, even one with nothing in it", BUILD_IMAGE);
  text = replace(
    text,
    '      command: ["k8s-executor", "install", "/tools"]\n      volumeMounts:\n',
    `      command: ["${PACKAGE}/dist/cli/k8s-executor", "install", "/tools"]\n      volumeMounts:\n${PACKAGE_MOUNT}`,
  );
  // podman 4.3 fails at times to remove an init container that has just ended; so let it stay. Nor shall it start it again.
  text = replace(
    text,
    "  name: gocd-build-pod\n",
    `  name: ${podName(uid)}\n  annotations:\n    io.podman.annotations.init.container.type: always\n`,
  );
  text = replace(
    text,
    "  volumes:\n",
    `  restartPolicy: OnFailure\n  volumes:\n    - name: package\n      hostPath:\n        path: ${REPOSITORY}\n        type: Directory\n`,
  );
  text = replace(
    text,
    "    - name: gocd-agent\n",
    `    - name: gocd-agent\n      command: ["sleep", "1000000"]\n      workingDir: ${PACKAGE}\n`,
  );
  // A guest with another user than the agent's can be looked into with this only.
  if (uid !== 0)
    text = replace(text, "            - SYS_ADMIN\n", "            - SYS_PTRACE\n            - SYS_ADMIN\n");
  text = replace(
    text,
    "            - SYS_ADMIN\n      volumeMounts:\n",
    `            - SYS_ADMIN\n      volumeMounts:\n${PACKAGE_MOUNT}`,
  );
  return replace(
    text,
    `${COMMAND} # the name by which the agent finds it\n`,
    [
      COMMAND,
      `      workingDir: ${uid === 0 ? "/root" : "/home"}`,
      "      env:",
      ...["GUEST: yes", `HOME: ${uid === 0 ? "/root" : "/home"}`, "GO_EA_AUTO_REGISTER_KEY: secret"].map((pair) => {
        const [name, value] = pair.split(": ");
        return `        - name: ${name}\n          value: "${value}"`;
      }),
      ...(uid === 0 ? [] : [`      securityContext:\n        runAsUser: ${uid}\n        runAsGroup: ${uid}`]),
      "",
    ].join("\n"),
  );
}

function podName(uid: number): string {
  return `gocd-build-pod-${uid}`;
}

/** The reference Pod, started by podman from its manifest. */
export class Pod {
  /** The build container's main process, as the agent's container sees it. */
  readonly pid: number;
  readonly #podman: Podman;
  readonly #file: string;
  readonly #uid: number;

  constructor(podman: Podman, uid: number) {
    this.#podman = podman;
    this.#uid = uid;
    this.#file = path.join(podman.directory, `pod-${uid}.yaml`);
    writeFileSync(this.#file, manifest(uid));
    podman.run(["kube", "play", "--network", "none", this.#file]);
    const find = `for p in /proc/[0-9]*; do
      [ "$(tr '\\0' ' ' < $p/cmdline)" = "/tools/pause build-environment " ] && echo "\${p#/proc/}"; done`;
    const { stdout, stderr } = this.agent(["sh", "-c", find]);
    this.pid = Number(stdout.trim());
    if (!(this.pid > 1)) throw new Error(`the build container does not run: ${stdout}${stderr}`);
  }

  /** Runs a command in the agent's container. */
  agent(command: readonly string[], env: Readonly<Record<string, string>> = {}): Output {
    const variables = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    return this.#podman.try(["exec", ...variables, `${podName(this.#uid)}-gocd-agent`, ...command]);
  }

  /** Runs a command in the build container by podman itself: what we are compared with. */
  build(command: readonly string[]): Output {
    return this.#podman.try(["exec", `${podName(this.#uid)}-build-environment`, ...command]);
  }

  close(): void {
    // Mounts of a Pod are busy while another mount namespace has a copy of them; Podman.close() removes what stays.
    this.#podman.try(["kube", "down", this.#file]);
  }
}
