import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";

import { interleave } from "../interleave.ts";
import { loadPackage } from "../package.ts";
import type { Group, Task } from "../task.ts";
import { roundsOf } from "./bench.ts";

const BASE = "containers()";
const CONTAINERS = 3;

function processCount(): number {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length;
}

/** Fills /proc to so many processes. They end with this process, which has a pid namespace of its own. */
async function fill(crowd: string, processes: number): Promise<void> {
  const more = processes - processCount();
  if (more <= 0) return;
  const child = spawn(crowd, [String(more), String(CONTAINERS)], { stdio: ["pipe", "pipe", "inherit"] });
  const [said] = (await Promise.race([once(child.stdout, "data"), once(child, "exit")])) as [unknown];
  if (String(said) !== "ready\n") throw new Error(`the crowd of ${more} processes did not come: ${String(said)}`);
}

/** What it costs to find the containers among the processes of the Pod. */
export async function discovery(task: Task): Promise<Group[]> {
  const own = await loadPackage(task.repository);
  const group: Group = { base: BASE, heldMB: 0, series: [], missing: [] };
  for (const processes of [5, 500, 5000]) {
    await fill(task.programs.crowd, processes);
    const measure = async (): Promise<readonly number[]> => {
      const begin = performance.now();
      const found = await own.containers();
      const milliseconds = performance.now() - begin;
      // Ours is one more.
      if (found.length <= CONTAINERS) throw new Error(`only ${found.length} containers were found`);
      return [milliseconds];
    };
    const participant = { contender: BASE, cases: [{ case: `${processes} processes`, unit: "ms" as const }], measure };
    const measured = await interleave([participant], roundsOf(task, 50, 5));
    group.series.push(...measured.series);
    group.missing.push(...measured.missing);
  }
  return [group];
}
