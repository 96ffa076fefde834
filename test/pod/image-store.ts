import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";

import { CACHE, REPOSITORY } from "../support/programs.ts";
import { missing } from "../support/require.ts";
import { whereIs } from "./where-is.ts";

const PREFIX = "images-";
/** Programs of this machine that the images hold. */
const PROGRAMS = ["nsenter", "bash", "busybox", "redis-server", "redis-cli"];
/** What says how the images are made. */
const RECIPES = ["test/pod/images.ts", "test/pod/several-images.ts", "examples/gocd/agent/entrypoint.sh"];

/** What is needed to make the images that several test files use. */
export const IMAGE_NEEDS: readonly string[] = ["root", "podman", "runc", "jq", "tar", ...PROGRAMS];

/** Another one where a program of this machine or a recipe has changed. */
function version(): string {
  const hash = createHash("sha256");
  for (const recipe of RECIPES) hash.update(readFileSync(path.join(REPOSITORY, recipe)));
  for (const program of [process.execPath, ...PROGRAMS.map(whereIs)]) {
    const { size, mtimeMs } = statSync(program);
    hash.update(`${program} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * Where the prepared images are: a storage that podman only reads. Undefined where there is none, or where it was made of
 * other programs; then a test makes its images itself.
 */
export function imageStore(): string | undefined {
  if (missing(IMAGE_NEEDS).length > 0) return undefined;
  const store = path.join(CACHE, PREFIX + version());
  return existsSync(store) ? store : undefined;
}

/** Makes it where it is not there, and removes those of earlier programs. */
export function prepareImageStore(make: (storage: string) => void): void {
  if (imageStore() !== undefined) return;
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE).filter((entry) => entry.startsWith(PREFIX))) {
    rmSync(path.join(CACHE, name), { recursive: true });
  }
  const made = path.join(CACHE, `making-${process.pid}`);
  make(made);
  renameSync(made, path.join(CACHE, PREFIX + version()));
}
