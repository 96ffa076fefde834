import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's own directory. */
export const REPOSITORY: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

const CACHE = path.join(REPOSITORY, "test/.cache");

/** A program from the npm registry that the tests run the package under; fetched once. */
function fetched(directory: string, specifier: string, file: string): string {
  const home = path.join(CACHE, directory);
  const program = path.join(home, "node_modules", file);
  if (!existsSync(program)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(path.join(home, "package.json"), "{}");
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", specifier], {
      cwd: home,
      stdio: ["ignore", "ignore", "pipe"],
    });
  }
  return program;
}

/** Deno 2; its package needs an install script only for other package managers. */
export function deno(): string {
  return fetched("deno", "deno@^2", `@deno/linux-${process.arch}-glibc/deno`);
}

/** A Node that runs TypeScript by type stripping. */
export function node24(): string {
  return fetched("node24", `node-linux-${process.arch}@24`, `node-linux-${process.arch}/bin/node`);
}
