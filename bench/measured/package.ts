import path from "node:path";
import { pathToFileURL } from "node:url";

/** The package's own types; what is measured is what was built. */
export type Package = typeof import("../../src/index.ts");
export type Guest = Awaited<ReturnType<Package["connect"]>>;

/** The package as it was built: no loader, no type stripping is in the way. */
export async function loadPackage(repository: string): Promise<Package> {
  return (await import(pathToFileURL(path.join(repository, "dist/index.js")).href)) as Package;
}
