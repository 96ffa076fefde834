import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** What {@link withLoopDevice} needs, as for canRun. */
export const LOOP_DEVICE_NEEDS: readonly string[] = ["root", "nsenter", "mkfs.ext4", "losetup"];

/** A file system of its own that only a throw-away guest has mounted. */
export interface LoopDevice {
  /** The device, as this process sees it. */
  device: string;
  /** Where it is mounted in the guest. */
  directory: string;
  /** Runs a program in the guest's mount and process namespaces, from this machine's view of users. */
  inside: (...command: string[]) => string;
}

/** Makes one, mounts it in a guest at /tmp/volume, and takes it away again whatever happens. */
export async function withLoopDevice(guest: number, body: (made: LoopDevice) => Promise<void>): Promise<void> {
  const own = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-device-"));
  const image = path.join(own, "image");
  const inside = (...command: string[]): string =>
    execFileSync("nsenter", ["--target", String(guest), "--mount", "--pid", "--", ...command], { encoding: "utf8" });
  writeFileSync(image, Buffer.alloc(8 * 1024 * 1024));
  execFileSync("mkfs.ext4", ["-q", image]);
  const device = execFileSync("losetup", ["--find", "--show", image], { encoding: "utf8" }).trim();
  try {
    const directory = "/tmp/volume";
    mkdirSync(`/proc/${guest}/root${directory}`);
    execFileSync("cp", ["-a", device, `/proc/${guest}/root/tmp/device`]);
    inside("mount", "-t", "ext4", "/tmp/device", directory);
    await body({ device, directory, inside });
  } finally {
    execFileSync("losetup", ["--detach", device]);
    rmSync(own, { recursive: true });
  }
}

/** Whether no mount of any namespace has it: the kernel opens it exclusively only then. */
export function isUnused(device: string): boolean {
  try {
    closeSync(openSync(device, constants.O_RDWR | constants.O_EXCL));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EBUSY") return false;
    throw error;
  }
}
