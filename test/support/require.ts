import { spawnSync } from "node:child_process";
import type { TestContext } from "node:test";

function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" }).status === 0;
}

/** Those of these programs that are not here. "root": that we are root. */
export function missing(needs: readonly string[]): string[] {
  return needs.filter((need) => (need === "root" ? process.getuid?.() !== 0 : !isInstalled(need)));
}

/**
 * Whether a test can run here. Where it cannot, it says in one line what is missing; in CI that is a failure.
 *
 * @param needs Programs by name, or "root".
 */
export function canRun(t: TestContext, needs: readonly string[]): boolean {
  const absent = missing(needs);
  if (absent.length === 0) return true;
  const message = `missing: ${absent.join(", ")}`;
  if (process.env["CI"]) throw new Error(message);
  t.skip(message);
  return false;
}
