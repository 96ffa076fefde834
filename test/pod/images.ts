import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { REPOSITORY } from "../support/programs.ts";
import type { Podman } from "./podman.ts";
import { output, whereIs } from "./where-is.ts";

/** The agent's image has Node and nsenter, the build image a bash; both have the machine's static BusyBox. */
export const AGENT_IMAGE = "localhost/k8s-executor-agent";
export const BUILD_IMAGE = "localhost/k8s-executor-build";
/** What examples/gocd/agent/Dockerfile makes of stand-ins for GoCD's image and Node's. */
export const GOCD_AGENT_IMAGE = "localhost/k8s-executor-gocd-agent";
/** Node, npm and all the shells: what a build container of examples/gocd has. */
export const NODE_IMAGE = "localhost/k8s-executor-node";
const GOCD_STAND_IN = "localhost/k8s-executor-gocd";

function copyInto(root: string, file: string, to: string = file): void {
  mkdirSync(path.join(root, path.dirname(to)), { recursive: true });
  copyFileSync(realpathSync(file), path.join(root, to));
}

/** The libraries that a program of this machine is linked to. */
function addLibraries(root: string, program: string): void {
  for (const [library] of output("ldd", [program]).matchAll(/\/\S+(?= \(0x)/g)) copyInto(root, library);
}

/** Adds a program of this machine with its libraries. */
export function addProgram(root: string, program: string, directory = "/usr/bin"): void {
  copyInto(root, program, `${directory}/${path.basename(program)}`);
  addLibraries(root, program);
}

/** An image with BusyBox, and what is added to its root directory. One that is prepared is not made again. */
export function makeImage(podman: Podman, name: string, add: (root: string) => void): void {
  if (podman.hasImage(name)) return;
  const root = path.join(podman.directory, path.basename(name));
  for (const directory of ["bin", "etc", "root", "home", "tmp", "usr/bin"]) {
    mkdirSync(path.join(root, directory), { recursive: true });
  }
  copyInto(root, whereIs("busybox"), "/bin/busybox");
  for (const applet of output("busybox", ["--list"]).trim().split("\n")) {
    if (applet !== "busybox" && applet !== "nsenter") symlinkSync("busybox", path.join(root, "bin", applet));
  }
  writeFileSync(
    path.join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nbuilder:x:1000:1000:builder:/home:/bin/sh\n",
  );
  writeFileSync(path.join(root, "etc/group"), "root:x:0:\nbuilder:x:1000:\n");
  add(root);
  chmodSync(path.join(root, "tmp"), 0o1777);
  const tar = spawnSync("tar", ["-C", root, "--owner=0", "--group=0", "-c", "."], {
    maxBuffer: 1 << 30,
  });
  if (tar.status !== 0) throw new Error(`tar failed: ${tar.stderr.toString()}`);
  podman.run(["import", "--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin", "-", name], tar.stdout);
}

/** Makes the agent's image from programs of this machine; nothing is fetched. */
export function makeAgentImage(podman: Podman): void {
  makeImage(podman, AGENT_IMAGE, (root) => {
    addProgram(root, process.execPath);
    addProgram(root, whereIs("nsenter"));
  });
}

/** Makes the build container's image, likewise. */
export function makeBuildImage(podman: Podman): void {
  makeImage(podman, BUILD_IMAGE, (root) => addProgram(root, whereIs("bash")));
}

/** Makes the agent's image and the build container's. */
export function makeImages(podman: Podman): void {
  makeAgentImage(podman);
  makeBuildImage(podman);
}

/** As GoCD's entrypoint does: links to directories, variables for the agent alone, and then the agent, which here only waits. */
const GOCD_ENTRYPOINT = `#!/bin/sh
for directory in config logs pipelines; do
  mkdir -p /godata/$directory
  [ -e /go/$directory ] || ln -s /godata/$directory /go/$directory
done
export GO_SERVER_URL="$GO_EA_SERVER_URL" GO_JAVA_HOME=/gocd-jre JAVA_HOME=/gocd-jre
unset GO_EA_SERVER_URL GO_EA_AUTO_REGISTER_KEY
exec sleep 1000000
`;

/**
 * Builds examples/gocd/agent/Dockerfile from this package as \`npm pack\` makes it. The base images are stand-ins made of
 * programs of this machine; npm in it fetches the package's dependencies.
 */
export function buildGocdAgentImage(podman: Podman): void {
  makeImage(podman, NODE_IMAGE, (root) => {
    addProgram(root, process.execPath, "/usr/local/bin");
    for (const shell of ["bash", "zsh"]) addProgram(root, whereIs(shell));
    const npm = path.resolve(realpathSync(whereIs("npm")), "../..");
    cpSync(npm, path.join(root, "usr/local/lib/node_modules/npm"), { recursive: true, dereference: true });
    symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", path.join(root, "usr/local/bin/npm"));
    // npm's first line.
    symlinkSync("/bin/env", path.join(root, "usr/bin/env"));
    const registry = `registry=${output("npm", ["config", "get", "registry"])}`;
    const { NODE_EXTRA_CA_CERTS: authorities } = process.env;
    // Whom this machine trusts beyond Node's own list.
    if (authorities) copyInto(root, authorities, "/etc/authorities.pem");
    writeFileSync(path.join(root, "root/.npmrc"), authorities ? `${registry}cafile=/etc/authorities.pem\n` : registry);
  });
  makeImage(podman, GOCD_STAND_IN, (root) => {
    addLibraries(root, process.execPath);
    addProgram(root, whereIs("nsenter"));
    mkdirSync(path.join(root, "go"));
    writeFileSync(path.join(root, "docker-entrypoint.sh"), GOCD_ENTRYPOINT, { mode: 0o755 });
  });
  const context = path.join(podman.directory, "agent");
  cpSync(path.join(REPOSITORY, "examples/gocd/agent"), context, { recursive: true });
  // The package was built before the tests.
  execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", context], { cwd: REPOSITORY, stdio: "pipe" });
  const base = [`NODE_IMAGE=${NODE_IMAGE}`, `GOCD_AGENT_IMAGE=${GOCD_STAND_IN}`];
  podman.run([
    "build",
    "--isolation=chroot",
    "--network=host",
    `--tag=${GOCD_AGENT_IMAGE}`,
    ...base.flatMap((value) => ["--build-arg", value]),
    context,
  ]);
}
