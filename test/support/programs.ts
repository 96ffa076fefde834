import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's own directory. */
export const REPOSITORY: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** What is fetched or made once, and is in no commit. */
export const CACHE: string = path.join(REPOSITORY, "test/.cache");

/** A program from the npm registry that the tests run the package under. */
export interface FetchedProgram {
  name: string;
  /** Of the package, the same for everyone who runs the tests. */
  version: string;
  package: string;
  /** In node_modules. */
  file: string;
}

/** Deno; its package needs an install script only for other package managers. */
export const DENO: FetchedProgram = {
  name: "deno",
  version: "2.9.6",
  package: "deno",
  file: `@deno/linux-${process.arch}-glibc/deno`,
};

/** A Node that runs TypeScript by type stripping. */
export const NODE_24: FetchedProgram = {
  name: "node24",
  version: "24.21.0",
  package: `node-linux-${process.arch}`,
  file: `node-linux-${process.arch}/bin/node`,
};

function homeOf({ name, version }: FetchedProgram): string {
  return path.join(CACHE, `${name}-${version}`);
}

function fileOf(program: FetchedProgram): string {
  return path.join(homeOf(program), "node_modules", program.file);
}

/** Whether it is here already. */
export function isFetched(program: FetchedProgram): boolean {
  return existsSync(fileOf(program));
}

/** Fetches it where it is not here yet; throws where that is not possible. Answers its path. */
export function fetchProgram(program: FetchedProgram): string {
  const home = homeOf(program);
  if (isFetched(program)) return fileOf(program);
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, "package.json"), "{}");
  const specifier = `${program.package}@${program.version}`;
  try {
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", specifier], {
      cwd: home,
      stdio: ["ignore", "ignore", "pipe"],
    });
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw new Error(`${specifier} cannot be fetched from the npm registry`, { cause: error });
  }
  return fileOf(program);
}

function prepared(program: FetchedProgram): string {
  if (isFetched(program)) return fileOf(program);
  throw new Error(`${program.name} ${program.version} is missing; fetch it with npm run test:prepare`);
}

/** Where the prepared Deno is. */
export function deno(): string {
  return prepared(DENO);
}

/** Where the prepared Node 24 is. */
export function node24(): string {
  return prepared(NODE_24);
}
