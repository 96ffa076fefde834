import { appendFileSync, chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { REPOSITORY } from "../support/programs.ts";
import { addProgram, makeImage } from "./images.ts";
import { PACKAGE } from "./pod.ts";
import type { Podman } from "./podman.ts";
import { whereIs } from "./where-is.ts";

/** What examples/gocd/agent/Dockerfile would make, but that the package in it is the one that is mounted. */
export const SEVERAL_AGENT_IMAGE = "localhost/k8s-executor-several-agent";
/** Where the Dockerfile has the entrypoint of the agent's image. */
export const ENTRYPOINT = "/k8s-executor-entrypoint.sh";

/** Stand-ins for the images of examples/several-containers/pod.yaml, by what that names. */
export const STAND_INS: Readonly<Record<string, string>> = {
  "maven:3.9-eclipse-temurin-21": "localhost/k8s-executor-maven",
  "golang:1.23-alpine": "localhost/k8s-executor-golang",
  "redis:7-bookworm": "localhost/k8s-executor-redis",
};

/** A program that builds what the project says: its own script, as the real one would its own sources. */
function addBuilder(root: string, name: string, text: string): void {
  mkdirSync(path.join(root, "usr/local/bin"), { recursive: true });
  writeFileSync(path.join(root, "usr/local/bin", name), text, { mode: 0o755 });
}

const MAVEN = `#!/usr/bin/bash
echo "[INFO] maven \${!#} as $(id -un)"
exec timeout 60 bash src/test/verify.sh
`;

const GO = `#!/bin/sh
[ "$1" = test ] || exit 0
echo "go $* as $(id -un)"
exec timeout 60 sh ./main_test.sh
`;

/** Instead of GoCD's agent: it only waits. */
const GOCD_ENTRYPOINT = "#!/bin/sh\nexec sleep 1000000\n";

/** Node without npm, the package where the Dockerfile installs it, and the entrypoint. */
function makeAgentImage(podman: Podman): void {
  makeImage(podman, SEVERAL_AGENT_IMAGE, (root) => {
    addProgram(root, process.execPath);
    addProgram(root, whereIs("nsenter"));
    for (const directory of ["opt/k8s-executor/lib/node_modules", "opt/k8s-executor/bin", "usr/local/bin"]) {
      mkdirSync(path.join(root, directory), { recursive: true });
    }
    const link = (target: string, at: string): void => symlinkSync(target, path.join(root, at));
    link(PACKAGE, "opt/k8s-executor/lib/node_modules/k8s-executor");
    link("../lib/node_modules/k8s-executor/dist/cli/k8s-executor", "opt/k8s-executor/bin/k8s-executor");
    link("/opt/k8s-executor/bin/k8s-executor", "usr/local/bin/k8s-executor");
    copyFileSync(path.join(REPOSITORY, "examples/gocd/agent/entrypoint.sh"), path.join(root, ENTRYPOINT));
    chmodSync(path.join(root, ENTRYPOINT), 0o755);
    writeFileSync(path.join(root, "docker-entrypoint.sh"), GOCD_ENTRYPOINT, { mode: 0o755 });
  });
}

/**
 * Makes the agent's image and three more: one with bash, one with nothing but BusyBox, and the machine's own Redis. It is that and not
 * PostgreSQL because it needs neither a cluster that is made first nor data files beside its libraries.
 */
export function makeSeveralImages(podman: Podman): void {
  makeAgentImage(podman);
  const image = (name: string): string => STAND_INS[name] ?? "";
  makeImage(podman, image("maven:3.9-eclipse-temurin-21"), (root) => {
    addProgram(root, whereIs("bash"));
    addBuilder(root, "mvn", MAVEN);
  });
  makeImage(podman, image("golang:1.23-alpine"), (root) => addBuilder(root, "go", GO));
  makeImage(podman, image("redis:7-bookworm"), (root) => {
    for (const program of ["redis-server", "redis-cli"]) addProgram(root, whereIs(program));
    appendFileSync(path.join(root, "etc/passwd"), "redis:x:999:999:redis:/data:/bin/sh\n");
    appendFileSync(path.join(root, "etc/group"), "redis:x:999:\n");
    mkdirSync(path.join(root, "data"));
  });
}
