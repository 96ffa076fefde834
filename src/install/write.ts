import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
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

/** Gives it at least that mode, whatever our umask. It is no error if a volume refuses (CIFS) and has that mode anyway. */
function setMode(fd: number, mode: number): void {
  try {
    fchmodSync(fd, mode);
  } catch (error) {
    // Who owns it may be anybody there: what counts is what everybody may.
    if ((fstatSync(fd).mode & mode & 0o555) !== (mode & 0o555)) throw error;
  }
}

/** Copies a file to where nothing is yet. Every user may read it, and execute a program: our umask has no say. */
export function writeFile(source: string, target: string): void {
  const mode = (statSync(source).mode & 0o100) !== 0 ? 0o755 : 0o644;
  const fd = openSync(target, NEW, mode);
  try {
    writeFileSync(fd, readFileSync(source));
    setMode(fd, mode);
  } finally {
    // Open for writing, it could not be executed.
    closeSync(fd);
  }
}

/** Makes a directory that every user may enter, and hands it out. Nobody else can write to it. */
function makeDirectory(directory: string): number {
  mkdirSync(directory, 0o755);
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    setMode(fd, 0o755);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Copies files to a directory that is not there yet, and links the command. Until all of it is there, it has a name that
 * nobody knows, and is reached by a descriptor: whoever may write where it is made can move it away, and put a link there, but not have us follow it.
 */
export function writeTree(tree: Tree, target: string): void {
  const fd = makeDirectory(target);
  try {
    writeBelow(tree, `/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function writeBelow(tree: Tree, root: string): void {
  const made = new Set<string>([root]);
  const need = (directory: string): void => {
    if (made.has(directory)) return;
    need(path.dirname(directory));
    closeSync(makeDirectory(directory));
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
