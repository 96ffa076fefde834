import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Podman } from "./podman.ts";

/** The agent's image has Node and nsenter, the build image a bash; both have the machine's static BusyBox. */
export const AGENT_IMAGE = "localhost/k8s-executor-agent";
export const BUILD_IMAGE = "localhost/k8s-executor-build";

function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${stderr}`);
  return stdout;
}

function copyInto(root: string, file: string, to: string = file): void {
  mkdirSync(path.join(root, path.dirname(to)), { recursive: true });
  copyFileSync(realpathSync(file), path.join(root, to));
}

/** A program of this machine with the libraries it is linked to. */
function addProgram(root: string, program: string): void {
  copyInto(root, program, `/usr/bin/${path.basename(program)}`);
  for (const [library] of output("ldd", [program]).matchAll(/\/\S+(?= \(0x)/g)) copyInto(root, library);
}

function makeImage(podman: Podman, name: string, programs: readonly string[]): void {
  const root = path.join(podman.directory, path.basename(name));
  for (const directory of ["bin", "etc", "root", "home", "tmp", "usr/bin"]) {
    mkdirSync(path.join(root, directory), { recursive: true });
  }
  copyInto(root, output("sh", ["-c", "command -v busybox"]).trim(), "/bin/busybox");
  for (const applet of output("busybox", ["--list"]).trim().split("\n")) {
    if (applet !== "busybox" && applet !== "nsenter") symlinkSync("busybox", path.join(root, "bin", applet));
  }
  for (const program of programs) addProgram(root, program);
  chmodSync(path.join(root, "tmp"), 0o1777);
  writeFileSync(
    path.join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nbuilder:x:1000:1000:builder:/home:/bin/sh\n",
  );
  writeFileSync(path.join(root, "etc/group"), "root:x:0:\nbuilder:x:1000:\n");
  const tar = spawnSync("tar", ["-C", root, "--owner=0", "--group=0", "-c", "."], {
    maxBuffer: 1 << 30,
  });
  if (tar.status !== 0) throw new Error(`tar failed: ${tar.stderr.toString()}`);
  podman.run(["import", "--change", "ENV PATH=/usr/bin:/bin", "-", name], tar.stdout);
}

/** Makes both images from programs of this machine; nothing is fetched. */
export function makeImages(podman: Podman): void {
  makeImage(podman, AGENT_IMAGE, [process.execPath, output("sh", ["-c", "command -v nsenter"]).trim()]);
  makeImage(podman, BUILD_IMAGE, [output("sh", ["-c", "command -v bash"]).trim()]);
}
