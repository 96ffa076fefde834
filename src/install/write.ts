import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import type { Tree } from "./package-files.ts";

/** Relative, so that it holds wherever the volume is mounted. The launcher finds its program by what it leads to. */
export const COMMAND = { link: "bin/k8s-executor", to: "../dist/cli/k8s-executor" } as const;

/** O_EXCL follows no link. */
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/** Copies a file to where nothing is yet. Every user may read it, and execute a program: our umask has no say. */
export function writeFile(source: string, target: string): void {
  const isProgram = (statSync(source).mode & 0o100) !== 0;
  const fd = openSync(target, NEW, 0o600);
  try {
    writeFileSync(fd, readFileSync(source));
    fchmodSync(fd, isProgram ? 0o755 : 0o644);
  } finally {
    // Open for writing, it could not be executed.
    closeSync(fd);
  }
}

function makeDirectory(directory: string): void {
  mkdirSync(directory);
  chmodSync(directory, 0o755);
}

/**
 * Copies files to a directory that is not there yet, and links the command. Until all of it is there, it is ours alone, and is
 * reached by a descriptor: whoever may write where it is made can move it away, and put a link there, but not have us follow it.
 */
export function writeTree(tree: Tree, target: string): void {
  mkdirSync(target, 0o700);
  const fd = openSync(target, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    writeBelow(tree, `/proc/self/fd/${fd}`);
    fchmodSync(fd, 0o755);
  } finally {
    closeSync(fd);
  }
}

function writeBelow(tree: Tree, root: string): void {
  const made = new Set<string>([root]);
  const need = (directory: string): void => {
    if (made.has(directory)) return;
    need(path.dirname(directory));
    makeDirectory(directory);
    made.add(directory);
  };
  for (const [name, source] of tree) {
    const file = path.join(root, name);
    need(path.dirname(file));
    writeFile(source, file);
  }
  const link = path.join(root, COMMAND.link);
  need(path.dirname(link));
  symlinkSync(COMMAND.to, link);
}
