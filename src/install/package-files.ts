import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { builtProgram } from "../system/index.ts";
import { dependenciesOf } from "./dependencies.ts";
import { installFailed } from "./failure.ts";

/** This package's own directory; the same from src/ and from dist/. */
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** Files by the path that they are to have below a directory. */
export type Tree = ReadonlyMap<string, string>;

/** A program of native/, for this architecture. @throws ExecutorError INSTALL_FAILED where it was not built. */
export function requireProgram(name: "helper" | "pause"): string {
  const program = builtProgram(name);
  if (program !== undefined) return program;
  throw installFailed(
    `the program ${name} was not built for ${process.arch}`,
    "build the package where there is a C compiler for it (npm run build)",
    { program: name, architecture: process.arch },
  );
}

/** The regular files below a directory, but for the packages in it, which are found by themselves. */
function* filesBelow(directory: string): Generator<string, void, undefined> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isFile()) yield file;
    else if (entry.isDirectory() && entry.name !== "node_modules") yield* filesBelow(file);
  }
}

/**
 * What the command line is made of: this package as it was built, with the programs for this architecture, and the
 * packages that it needs.
 *
 * @throws ExecutorError INSTALL_FAILED where something of it is missing.
 */
export function commandLineFiles(): Tree {
  const dist = path.join(PACKAGE, "dist");
  if (!existsSync(path.join(dist, "cli/main.js"))) {
    throw installFailed("the command line was not built", "run npm run build", { path: dist });
  }
  const tree = new Map<string, string>();
  const add = (file: string, from: string, to: string): unknown =>
    tree.set(path.join(to, path.relative(from, file)), file);
  for (const file of ["package.json", "LICENSE"]) add(path.join(PACKAGE, file), PACKAGE, "");
  for (const file of [requireProgram("helper"), requireProgram("pause"), ...filesBelow(dist)]) add(file, PACKAGE, "");
  for (const { name, directory } of dependenciesOf(PACKAGE)) {
    for (const file of filesBelow(directory)) add(file, directory, path.join("node_modules", name));
  }
  return tree;
}
