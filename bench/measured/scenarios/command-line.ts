import { mkdtempSync, symlinkSync } from "node:fs";
import path from "node:path";

import { Launcher } from "../contenders/index.ts";
import { interleave } from "../interleave.ts";
import type { Group, Task } from "../task.ts";
import { roundsOf } from "./bench.ts";

const BASE = "k8s-executor";

function commands({ repository, guest, nsenterOptions }: Task): Record<string, readonly string[]> {
  const pid = String(guest.pid);
  return {
    [BASE]: [path.join(repository, "dist/cli/k8s-executor"), "exec", "--pid", pid, "--", "true"],
    nsenter: ["nsenter", "--target", pid, "--all", "--wdns=/", ...nsenterOptions, "--", "true"],
    "node -e 0": ["node", "-e", "0"],
  };
}

/** `k8s-executor exec -- true` as a whole process, started by a C program. */
export async function commandLine(task: Task): Promise<Group[]> {
  if ("deno" in process.versions) {
    const reason = "the command line is Node's; see there";
    return [{ base: BASE, heldMB: 0, series: [], missing: [{ contender: BASE, reason }] }];
  }
  const directory = mkdtempSync(path.join(task.scratch, "node-"));
  // The command line starts the "node" of its PATH.
  symlinkSync(process.execPath, path.join(directory, "node"));
  // With NODE_EXTRA_CA_CERTS, Node 20 reads certificates for tens of milliseconds, which would hide what we add to them.
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("GO_") && name !== "NODE_EXTRA_CA_CERTS");
  const env = { ...Object.fromEntries(own), PATH: `${directory}:${process.env["PATH"]}` };
  const launchers = Object.entries(commands(task)).map(
    ([contender, command]) => [contender, new Launcher(task.programs.floor, command, env)] as const,
  );
  try {
    const participants = launchers.map(([contender, launcher]) => ({
      contender,
      cases: [{ case: "whole process", unit: "ms" as const }],
      measure: async () => [await launcher.time()],
    }));
    const measured = await interleave(participants, roundsOf(task, 50, 5));
    return [{ base: BASE, heldMB: 0, ...measured }];
  } finally {
    for (const [, launcher] of launchers) launcher.close();
  }
}
