import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { imageStore } from "./image-store.ts";

const RUNTIME = fileURLToPath(new URL("runtime.sh", import.meta.url));

/** Far more than any command here takes: what hangs shall be named, not hold up the gate. */
const PATIENCE_MS = 300_000;

/** What a command printed and how it ended. */
export interface Output {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** podman with a storage of its own, so that nothing of it stays and nothing of the machine's is touched. */
export class Podman {
  readonly directory: string;
  /** It and its own options, and its environment: for a caller that starts it without waiting. */
  readonly program: readonly string[];
  readonly environment: NodeJS.ProcessEnv;

  /** @param storage Where its images and containers are; by default in its own directory, with the prepared images. */
  constructor(storage?: string) {
    this.directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-podman-"));
    const conf = path.join(this.directory, "containers.conf");
    const images = storage === undefined ? imageStore() : undefined;
    this.program = [
      "podman",
      `--root=${storage ?? `${this.directory}/storage`}`,
      `--runroot=${this.directory}/run`,
      ...(images === undefined ? [] : [`--storage-opt=additionalimagestore=${images}`]),
    ];
    this.environment = { ...process.env, CONTAINERS_CONF: conf };
    mkdirSync(path.join(this.directory, "tmp"));
    writeFileSync(
      conf,
      [
        "[engine]",
        'runtime = "limited"',
        'cgroup_manager = "cgroupfs"',
        'events_logger = "file"',
        // Not the machine's, in /dev/shm: a podman that was killed there may hold one for ever.
        'lock_type = "file"',
        `tmp_dir = "${this.directory}/tmp"`,
        "[engine.runtimes]",
        `limited = ["${RUNTIME}"]`,
        "",
      ].join("\n"),
    );
  }

  /** Runs podman; the caller looks at the status. */
  try(args: readonly string[], input?: Buffer): Output {
    const outputs = ["stdout", "stderr"].map((name) => path.join(this.directory, name));
    // Into files: a monitor that podman leaves running may keep a pipe open, and we would wait for its end.
    const [stdout = -1, stderr = -1] = outputs.map((file) => openSync(file, "w"));
    const [podman = "", ...options] = this.program;
    const { status, error } = spawnSync(podman, [...options, ...args], {
      env: this.environment,
      input,
      stdio: ["pipe", stdout, stderr],
      timeout: PATIENCE_MS,
      killSignal: "SIGKILL",
    });
    for (const fd of [stdout, stderr]) closeSync(fd);
    const [said = "", complained = ""] = outputs.map((file) => readFileSync(file, "utf8"));
    if (error) throw new Error(`podman ${args.join(" ")} did not end: ${said}${complained}`, { cause: error });
    return { status, stdout: said, stderr: complained };
  }

  /** Runs podman and fails where it fails. */
  run(args: readonly string[], input?: Buffer): string {
    const { status, stdout, stderr } = this.try(args, input);
    if (status !== 0) throw new Error(`podman ${args.slice(0, 3).join(" ")} failed (${status}): ${stderr.trim()}`);
    return stdout;
  }

  /** Whether there is an image of this name, made here or prepared. */
  hasImage(name: string): boolean {
    return this.try(["image", "exists", name]).status === 0;
  }

  /** Stops a container as a runtime does, and answers its exit status. */
  stop(container: string): string {
    this.run(["stop", container]);
    return this.run(["inspect", "--format", "{{.State.ExitCode}}", container]).trim();
  }

  close(): void {
    this.try(["pod", "rm", "--all", "--force", "--time", "0"]);
    this.try(["rmi", "--all", "--force"]);
    // The overlay mount of the storage itself.
    spawnSync("umount", ["-l", `${this.directory}/storage/overlay`], { stdio: "ignore" });
    this.forget();
  }

  /** Removes its directory, and leaves all else. */
  forget(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
