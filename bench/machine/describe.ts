import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { REPOSITORY } from "../../test/support/programs.ts";

/** Where and of what a run is. */
export interface Description {
  date: string;
  commit: string;
  /** Whether there was more than the commit. */
  isDirty: boolean;
  machine: { cpu: string; cores: number; memoryMB: number; architecture: string; kernel: string };
  versions: Readonly<Record<string, string>>;
}

function firstLine(command: string, ...args: readonly string[]): string {
  const { stdout } = spawnSync(command, args, { encoding: "utf8", cwd: REPOSITORY });
  return (stdout ?? "").split("\n", 1)[0] ?? "";
}

/** Describes this machine and this package. */
export function describe(): Description {
  const koffi = JSON.parse(readFileSync(path.join(REPOSITORY, "node_modules/koffi/package.json"), "utf8")) as {
    version: string;
  };
  return {
    date: new Date().toISOString(),
    commit: firstLine("git", "rev-parse", "HEAD") || "unknown",
    isDirty: firstLine("git", "status", "--porcelain", "--untracked-files=no") !== "",
    machine: {
      cpu: os.cpus()[0]?.model ?? "unknown",
      cores: os.cpus().length,
      memoryMB: Math.round(os.totalmem() / 1e6),
      architecture: os.arch(),
      kernel: os.release(),
    },
    versions: {
      koffi: koffi.version,
      nsenter: firstLine("nsenter", "--version") || "not installed",
      podman: firstLine("podman", "--version") || "not installed",
      cc: firstLine(process.env["CC"] ?? "cc", "--version") || "not installed",
    },
  };
}

/** What the Java plugin's command line has beyond what nsenter 2.38 knows: -e came with 2.39. */
export function nsenterOptions(): string[] {
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(firstLine("nsenter", "--version"))?.map(Number) ?? [];
  return major > 2 || (major === 2 && minor >= 39) ? ["-e"] : [];
}
