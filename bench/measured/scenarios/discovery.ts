import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";

import { interleave } from "../interleave.ts";
import { loadPackage } from "../package.ts";
import type { Group, Missing, Series, Task } from "../task.ts";
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
  const own: object = await loadPackage(task.repository);
  const containers = (own as { containers?: () => unknown }).containers;
  const group = { base: BASE, heldMB: 0, series: [] as Series[], missing: [] as Missing[] };
  if (!containers) {
    group.missing.push({ contender: BASE, reason: "the package does not export it" });
    return [group];
  }
  for (const processes of [5, 500, 5000]) {
    await fill(task.programs.crowd, processes);
    const name = `${processes} processes`;
    const measured = await interleave(
      [
        {
          contender: BASE,
          cases: [{ case: name, unit: "ms" }],
          async measure() {
            const begin = performance.now();
            await containers();
            return [performance.now() - begin];
          },
        },
      ],
      roundsOf(task, 50, 5),
    );
    group.series.push(...measured.series);
    group.missing.push(...measured.missing);
  }
  return [group];
}
