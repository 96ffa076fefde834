import os from "node:os";

/** The errno of a failed node:fs or node:child_process call, such as "ENOENT"; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The name of an errno, such as "ENOENT" for 2. */
export function errnoName(errno: number): string {
  for (const [name, value] of Object.entries(os.constants.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}

/** A system call of ours that failed. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  readonly call: string;
  readonly code: string;

  constructor(call: string, errno: number) {
    super(`${call} failed: ${errnoName(errno)}`);
    this.call = call;
    this.code = errnoName(errno);
  }
}
