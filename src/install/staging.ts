import { randomUUID } from "node:crypto";
import { lstatSync, readlinkSync, renameSync, rmSync, type Stats } from "node:fs";
import path from "node:path";

import { errnoOf } from "../errors/index.ts";
import { installFailed } from "./failure.ts";
import type { Tree } from "./package-files.ts";
import { COMMAND, writeFile, writeTree } from "./write.ts";

/** What is whole already, but beside its place. */
interface Staged {
  made: string;
  target: string;
  isTree: boolean;
}

function look(file: string): Stats | undefined {
  return lstatSync(file, { throwIfNoEntry: false });
}

/** Whether we made this directory. A clone of the repository, which may have the same name, has no such link. */
function isOurs(directory: string): boolean {
  try {
    return readlinkSync(path.join(directory, COMMAND.link)) === COMMAND.to;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EINVAL"].includes(errnoOf(error) ?? "")) return false;
    throw error;
  }
}

/** What is made beside its place in a directory, and moved there when all of it is whole; or nothing is left of it. */
export class Staging {
  readonly #directory: string;
  readonly #staged: Staged[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Answers where it will be. */
  file(source: string, name: string): string {
    const { made, target } = this.#stage(name, false);
    writeFile(source, made);
    return target;
  }

  /** Answers where its command will be. */
  tree(tree: Tree, name: string): string {
    const { made, target } = this.#stage(name, true);
    writeTree(tree, made);
    return path.join(target, COMMAND.link);
  }

  /** Moves all of it into place. */
  commit(): void {
    for (const { made, target, isTree } of this.#staged) {
      if (!isTree || !look(target)) renameSync(made, target);
      else this.#replaceTree(made, target);
    }
  }

  /** Removes what is not in its place. */
  discard(): void {
    for (const { made } of this.#staged) rmSync(made, { recursive: true, force: true });
  }

  #stage(name: string, isTree: boolean): Staged {
    const target = path.join(this.#directory, name);
    const there = look(target);
    if (there && (isTree ? !(there.isDirectory() && isOurs(target)) : there.isDirectory())) {
      const what = isTree ? "is there already and was not made by k8s-executor install" : "is a directory";
      throw installFailed(`${JSON.stringify(target)} ${what}`, "remove it, or install to another directory", {
        path: target,
      });
    }
    const staged = { made: this.#beside(name), target, isTree };
    this.#staged.push(staged);
    return staged;
  }

  /** A directory that is not empty can only be moved out of the way; should that be all that works, it is moved back. */
  #replaceTree(made: string, target: string): void {
    const former = this.#beside(path.basename(target));
    renameSync(target, former);
    try {
      renameSync(made, target);
    } catch (error) {
      renameSync(former, target);
      throw error;
    }
    rmSync(former, { recursive: true, force: true });
  }

  #beside(name: string): string {
    return path.join(this.#directory, `.${name}.${randomUUID()}`);
  }
}
