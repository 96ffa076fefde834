import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("../programs", import.meta.url));
const COMPILED = ["floor", "stamp", "crowd"] as const;

/** Programs of this machine and of bench/programs, in a directory of their own. */
export interface Programs {
  floor: string;
  crowd: string;
  directory: string;
  /** Puts those that run in a container into its shared directory. */
  copyTo: (sharedRoot: string) => void;
  close: () => void;
}

/** A static BusyBox: with another program, loading a libc would be measured too. */
function busybox(): string {
  const { stdout } = spawnSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" });
  const file = stdout.trim();
  if (file === "" || spawnSync("ldd", [file], { stdio: "ignore" }).status === 0) {
    throw new Error("the bench needs a static BusyBox: apt-get install busybox-static");
  }
  return file;
}

/** Compiles bench/programs. Static, so that they start as fast as a program can, in any container. */
export function compilePrograms(): Programs {
  const box = busybox();
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-bench-"));
  const at = (name: string): string => path.join(directory, name);
  const close = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    for (const name of COMPILED) {
      const source = path.join(SOURCES, `${name}.c`);
      const flags = ["-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", at(name), source];
      execFileSync(process.env["CC"] ?? "cc", flags, { stdio: ["ignore", "inherit", "inherit"] });
    }
  } catch (error) {
    close();
    throw new Error("the bench needs a C compiler: apt-get install build-essential", { cause: error });
  }
  return {
    floor: at("floor"),
    crowd: at("crowd"),
    directory,
    copyTo(sharedRoot) {
      copyFileSync(box, path.join(sharedRoot, "busybox"));
      copyFileSync(at("stamp"), path.join(sharedRoot, "stamp"));
    },
    close,
  };
}
