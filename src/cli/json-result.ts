import { closeSync, openSync, readFileSync, readlinkSync, writeSync } from "node:fs";

import type { ExecutorError, StepResult } from "../index.ts";
import { bytesOf, quote } from "./raw-text.ts";
import { say } from "./say.ts";
import { errnoText, usageError } from "./usage-error.ts";

/** Where the JSON result goes. It is opened before the step starts, so that it cannot be missing after. */
export class JsonResult {
  readonly #fd: number;

  /** @param target A file's name, or 3. @throws ExecutorError INVALID_OPTION. */
  constructor(target: string | 3) {
    this.#fd = target === 3 ? requireDescriptor3() : openFile(target);
  }

  writeResult(result: StepResult, exitStatus: number): void {
    this.#write({ exitStatus, ...result });
  }

  writeError(error: ExecutorError): void {
    const { code, message, remedy, details, exitStatus } = error;
    this.#write({ outcome: "error", exitStatus, error: { code, message, remedy, details } });
  }

  #write(value: unknown): void {
    try {
      writeSync(this.#fd, `${JSON.stringify(value)}\n`);
      closeSync(this.#fd);
    } catch (error) {
      // The script ran, and its exit status stands.
      say(`the JSON result cannot be written (${errnoText(error)})`);
    }
  }
}

/** If nobody gave us a descriptor 3, the runtime has taken the number for itself. */
function requireDescriptor3(): number {
  let link = "";
  try {
    link = readlinkSync("/proc/self/fd/3");
  } catch {
    // Not open at all.
  }
  if (link === "" || link.startsWith("anon_inode:") || !isWritable(3)) {
    throw usageError(
      "--json needs descriptor 3, which is not open for writing",
      "append 3>FILE to the command, or use --json=FILE",
    );
  }
  return 3;
}

/** O_ACCMODE is 3, O_RDONLY 0. */
function isWritable(fd: number): boolean {
  const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1] ?? "0";
  return (Number.parseInt(flags, 8) & 3) !== 0;
}

function openFile(file: string): number {
  try {
    return openSync(bytesOf(file), "w", 0o600);
  } catch (error) {
    throw usageError(
      `the file ${quote(file)} for --json cannot be written (${errnoText(error)})`,
      "check its directory",
    );
  }
}
