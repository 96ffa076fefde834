import { spawnSync } from "node:child_process";

import { DENO, fetchProgram, NODE_24 } from "../../test/support/programs.ts";

/** A program that runs JavaScript. */
export interface Runtime {
  file: string;
  kind: "node" | "deno";
  /** As "node 20.20.2". */
  name: string;
  /** What stands before the name of the program that it is to run. */
  options: readonly string[];
}

const OPTIONS: Readonly<Record<Runtime["kind"], readonly string[]>> = {
  node: ["--expose-gc"],
  deno: ["run", "--no-prompt", "--allow-all", "--v8-flags=--expose-gc"],
};

/** Asks a program which runtime it is. */
export function describeRuntime(file: string): Runtime {
  const { stdout } = spawnSync(file, ["--version"], { encoding: "utf8" });
  const [, kind, version] = /^(v|deno )(\d+\.\d+\.\d+)/.exec(stdout ?? "") ?? [];
  if (version === undefined) throw new Error(`"${file}" is neither Node nor Deno`);
  const name = kind === "v" ? "node" : "deno";
  return { file, kind: name, name: `${name} ${version}`, options: OPTIONS[name] };
}

/** This Node, Node 24 and Deno; the others come from the npm registry, once. Those that cannot be had say why. */
export function findRuntimes(): { runtimes: Runtime[]; missing: string[] } {
  const runtimes: Runtime[] = [];
  const missing: string[] = [];
  const candidates: Readonly<Record<string, () => string>> = {
    "this Node": () => process.execPath,
    "Node 24": () => fetchProgram(NODE_24),
    Deno: () => fetchProgram(DENO),
  };
  for (const [name, find] of Object.entries(candidates)) {
    try {
      const runtime = describeRuntime(find());
      if (!runtimes.some((other) => other.name === runtime.name)) runtimes.push(runtime);
    } catch (error) {
      missing.push(`${name}: ${error instanceof Error ? error.message.trim().split("\n", 1)[0] : String(error)}`);
    }
  }
  return { runtimes, missing };
}
