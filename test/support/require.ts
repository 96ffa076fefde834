import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { TestContext } from "node:test";

import { readStat } from "../../src/container/index.ts";
import { accessProc } from "../../src/system/index.ts";
import { DENO, isFetched, NODE_24 } from "./programs.ts";

/** What is no program of this machine: how it is told whether it is here. */
const OTHERS: Readonly<Record<string, () => boolean>> = {
  root: () => process.getuid?.() === 0,
  machine: () => existsSync("/proc/2/stat") && readStat(accessProc(), "/proc/2").isKernelThread,
  [DENO.name]: () => isFetched(DENO),
  [NODE_24.name]: () => isFetched(NODE_24),
};

function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" }).status === 0;
}

/**
 * Those of these programs that are not here. "root": that we are root; "machine": that all processes of the machine are
 * visible; "deno" and "node24": what test/prepare.ts fetches.
 */
export function missing(needs: readonly string[]): string[] {
  return needs.filter((need) => !(OTHERS[need]?.() ?? isInstalled(need)));
}

/**
 * Whether a test can run here. Where it cannot, it says in one line what is missing; in CI that is a failure.
 *
 * @param needs As for missing().
 */
export function canRun(t: TestContext, needs: readonly string[]): boolean {
  const absent = missing(needs);
  if (absent.length === 0) return true;
  const message = `missing: ${absent.join(", ")}`;
  if (process.env["CI"]) throw new Error(message);
  t.skip(message);
  return false;
}
