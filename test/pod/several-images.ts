import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { addProgram, makeImage, whereIs } from "./images.ts";
import type { Podman } from "./podman.ts";

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

/**
 * Makes the three images: one with bash, one with nothing but BusyBox, and the machine's own Redis. It is that and not
 * PostgreSQL because it needs neither a cluster that is made first nor data files beside its libraries.
 */
export function makeSeveralImages(podman: Podman): void {
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
