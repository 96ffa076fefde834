import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { installFailed } from "./failure.ts";

/** A package that ours needs to run. */
export interface Dependency {
  name: string;
  /** Where it is, without links. */
  directory: string;
}

interface Manifest {
  dependencies?: Readonly<Record<string, string>>;
  optionalDependencies?: Readonly<Record<string, string>>;
}

function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(path.join(directory, "package.json"), "utf8")) as Manifest;
}

/** Where Node finds a package for modules of another. Not by what it exports: it need not export its package.json. */
function find(name: string, from: string): string | undefined {
  const places = createRequire(path.join(from, "package.json")).resolve.paths(name) ?? [];
  const found = places.map((place) => path.join(place, name)).find((it) => existsSync(path.join(it, "package.json")));
  return found === undefined ? undefined : realpathSync(found);
}

/**
 * The packages that a package needs, and those that they need; of optional ones those that are there, such as koffi's
 * binary for this platform.
 *
 * @param directory Where the package is.
 * @throws ExecutorError INSTALL_FAILED where one is missing.
 */
export function dependenciesOf(directory: string): Dependency[] {
  const found = new Map<string, string>();
  const add = (from: string): void => {
    const { dependencies = {}, optionalDependencies = {} } = readManifest(from);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (found.has(name)) continue;
      const place = find(name, from);
      if (place !== undefined) {
        found.set(name, place);
        add(place);
      } else if (!Object.hasOwn(optionalDependencies, name)) {
        throw installFailed(`the package ${name}, which the command line needs, is not installed`, "run npm ci", {
          package: name,
        });
      }
    }
  };
  add(directory);
  return [...found].map(([name, place]) => ({ name, directory: place }));
}
