import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Pod as Manifest } from "kubernetes-types/core/v1.d.ts";
import { parse } from "yaml";

import type { Job } from "../gocd/job.ts";
import { parseReplay, type Replay } from "../gocd/replay.ts";
import { REPOSITORY } from "../support/programs.ts";
import { GOCD_AGENT_IMAGE, NODE_IMAGE } from "./images.ts";
import type { Output, Podman } from "./podman.ts";

/** Where the agent's container sees this repository, for the test's own agent. */
const PACKAGE = "/k8s-executor";

/** What the Kubernetes elastic agent plugin gives to each container. */
const ELASTIC_AGENT_VARIABLES = {
  GO_EA_SERVER_URL: "https://gocd.example.org/go",
  GO_EA_AUTO_REGISTER_KEY: "the-agents-own-secret",
  GO_EA_AUTO_REGISTER_ELASTIC_AGENT_ID: "k8s-ea-1",
};

/** The Pod of a profile as the plugin makes it: names filled in, and its variables in each container. */
export function renderProfile(file: string): Manifest {
  const values: Readonly<Record<string, string>> = { POD_POSTFIX: randomUUID(), CONTAINER_POSTFIX: randomUUID() };
  const text = readFileSync(path.join(REPOSITORY, file), "utf8").replaceAll(
    /\{\{\s*(.*?)\s*\}\}/g,
    (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`${file} has {{ ${name} }}, which the plugin does not know`);
      return value;
    },
  );
  const manifest = parse(text) as Manifest;
  for (const container of manifest.spec?.containers ?? []) {
    const variables = Object.entries(ELASTIC_AGENT_VARIABLES).map(([name, value]) => ({ name, value }));
    container.env = [...(container.env ?? []), ...variables];
  }
  return manifest;
}

/** With images that an offline machine has, and this repository in the agent's container. */
function withStandIns(manifest: Manifest): Manifest {
  const [agent, build] = manifest.spec?.containers ?? [];
  const [tools] = manifest.spec?.initContainers ?? [];
  if (!manifest.spec || !agent || !build || !tools) throw new Error("the profile has no three containers");
  // podman 4.3 fails at times to remove an init container that has just ended; so let it stay. Nor shall it start it again.
  manifest.metadata = {
    ...manifest.metadata,
    annotations: { "io.podman.annotations.init.container.type": "always" },
  };
  manifest.spec.restartPolicy = "OnFailure";
  tools.image = GOCD_AGENT_IMAGE;
  agent.image = GOCD_AGENT_IMAGE;
  build.image = NODE_IMAGE;
  agent.volumeMounts?.push({ mountPath: PACKAGE, name: "package" });
  manifest.spec.volumes?.push({ name: "package", hostPath: { path: REPOSITORY, type: "Directory" } });
  return manifest;
}

/** Starts the test's agent with the environment of the process that stands for GoCD's in the container. */
const START_AGENT = `
  const { readFileSync, readdirSync } = require("node:fs");
  const environ = (pid) => Object.fromEntries(readFileSync("/proc/" + pid + "/environ", "utf8").split("\\0").filter(Boolean)
    .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]));
  const isMain = (pid) => /^\\d+$/.test(pid) && readFileSync("/proc/" + pid + "/cmdline", "utf8") === "sleep\\0" + "1000000\\0";
  const main = readdirSync("/proc").find((pid) => { try { return isMain(pid); } catch { return false; } });
  const { status } = require("node:child_process").spawnSync(process.execPath, process.argv.slice(1), { env: environ(main), stdio: "inherit" });
  process.exit(status);`;

/** The Pod of examples/gocd/elastic-agent-profile.yaml, started by podman. */
export class GocdPod {
  readonly #podman: Podman;
  readonly #file: string;
  readonly #agent: string;
  readonly #build: string;

  constructor(podman: Podman) {
    this.#podman = podman;
    const manifest = withStandIns(renderProfile("examples/gocd/elastic-agent-profile.yaml"));
    const [agent, build] = manifest.spec?.containers ?? [];
    this.#agent = `${manifest.metadata?.name}-${agent?.name}`;
    this.#build = `${manifest.metadata?.name}-${build?.name}`;
    this.#file = path.join(podman.directory, "gocd-pod.yaml");
    writeFileSync(this.#file, JSON.stringify(manifest));
    podman.run(["kube", "play", "--network", "none", this.#file]);
    // Its entrypoint first waits for the build container. The brackets are there for this very command line.
    const isThere = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q 'slee[p] 1000000 '";
    const { status, stderr } = this.agent(["sh", "-c", `until ${isThere}; do sleep 0.05; done`]);
    if (status !== 0) throw new Error(`the agent did not start: ${stderr}`);
  }

  /** Runs a command in the agent's container. */
  agent(command: readonly string[], input?: string): Output {
    const options = ["--interactive", "--workdir", "/go"];
    return this.#podman.try(["exec", ...options, this.#agent, ...command], Buffer.from(input ?? ""));
  }

  /** Runs a command in the build container by podman itself. */
  build(command: readonly string[]): Output {
    return this.#podman.try(["exec", this.#build, ...command]);
  }

  /** What a worker answers, started in the agent's directory with the agent's environment, as a plugin in the agent would. */
  work(requests: readonly object[]): Record<string, unknown>[] {
    const lines = requests.map((request) => `${JSON.stringify(request)}\n`).join("");
    const program = [`${PACKAGE}/dist/cli/main.js`, "worker"];
    const { status, stdout, stderr } = this.agent(["node", "-e", START_AGENT, "--", ...program], lines);
    if (status !== 0) throw new Error(`the worker failed (${status}): ${stdout}${stderr}`);
    return stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Runs one task of a job, as a GoCD agent in the agent's container does. */
  replay(job: Job): Replay {
    const program = ["--import", `${PACKAGE}/node_modules/tsx/dist/loader.mjs`, `${PACKAGE}/test/gocd/agent.ts`];
    const { status, stdout, stderr } = this.agent(["node", "-e", START_AGENT, "--", ...program], JSON.stringify(job));
    if (status !== 0) throw new Error(`the agent failed (${status}): ${stdout}${stderr}`);
    return parseReplay(stdout);
  }

  close(): void {
    this.#podman.try(["kube", "down", this.#file]);
  }
}
