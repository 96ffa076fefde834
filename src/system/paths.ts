import path from "node:path";

/** Our working directory; undefined where it was removed. */
export function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** A path relative to a directory that it is in, "" for the directory itself; undefined where it is elsewhere. */
export function relativeBelow(directory: string, below: string): string | undefined {
  const relative = path.posix.relative(directory, below);
  return relative === ".." || relative.startsWith("../") ? undefined : relative;
}
