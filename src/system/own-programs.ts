import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

/** Where programs are on any machine. A job's PATH is for its steps, and need not have what we start ourselves. */
const USUAL = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/**
 * Finds a program that we start ourselves: in our PATH, then where programs usually are. Not in a relative entry of the PATH:
 * our working directory is a pipeline's, which the containers can write to.
 *
 * @returns Its path; undefined where there is none.
 */
export function findOwnProgram(program: string): string | undefined {
  for (const directory of [...(process.env["PATH"] ?? "").split(":"), ...USUAL]) {
    if (!path.isAbsolute(directory)) continue;
    const candidate = path.join(directory, program);
    try {
      accessSync(candidate, constants.X_OK);
      // A directory may be "executed" too.
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // Not in this directory: look in the next.
    }
  }
  return undefined;
}
