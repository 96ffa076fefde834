import { errnoOf, ExecutorError } from "../errors/index.ts";

/** What a directory is that cannot be written to, by errno: why, and what to do. */
const REASONS: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  ENOENT: ["does not exist", "create it, or mount the volume there"],
  ENOTDIR: ["is not a directory", "give the directory that the volume is mounted at"],
  EROFS: ["is read-only", "mount the volume without readOnly in the container that installs"],
  EACCES: ["may not be written by this user", "install as a user who may, such as root"],
  EPERM: ["may not be written by this user", "install as a user who may, such as root"],
  ENOSPC: ["is full", "free some space, or raise the volume's sizeLimit"],
  EDQUOT: ["is full (the quota is used up)", "free some space, or raise the quota"],
};

const FULL = new Set(["ENOSPC", "EDQUOT"]);

/** One sentence. */
export function installFailed(
  problem: string,
  remedy: string,
  details: Readonly<Record<string, string>>,
): ExecutorError {
  return new ExecutorError("INSTALL_FAILED", { problem, remedy, details });
}

/** What kept us from writing to the directory; an error that is none of the file system's stays what it is. */
export function explainWriting(directory: string, cause: unknown): unknown {
  const errno = errnoOf(cause);
  if (cause instanceof ExecutorError || errno === undefined) return cause;
  const [problem, remedy] = REASONS[errno] ?? [`cannot be written (${errno})`, "check the volume"];
  return new ExecutorError(FULL.has(errno) ? "RESOURCE_EXHAUSTED" : "INSTALL_FAILED", {
    problem: `the directory ${JSON.stringify(directory)} ${problem}`,
    remedy,
    cause,
    details: { path: directory, errno },
  });
}
