import { spawn } from "node:child_process";
import { once } from "node:events";

import type { Group, Task } from "../measured/index.ts";
import type { Runtime } from "./runtime.ts";

/** A pid namespace with a /proc of its own, where a crowd is at home. */
const ALONE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"] as const;

/** Measures a task in a runtime of its own. */
export async function measureIn(runtime: Runtime, program: string, task: Task, signal?: AbortSignal): Promise<Group[]> {
  const alone = task.scenario === "discovery" ? ALONE : [];
  const [command = "", ...args] = [...alone, runtime.file, ...runtime.options, program, JSON.stringify(task)];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  // unshare does not mind SIGTERM; the steps end with the runtime.
  const stop = (): void => void child.kill("SIGKILL");
  signal?.addEventListener("abort", stop);
  try {
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const [status, name] = (await once(child, "close")) as [number | null, string | null];
    signal?.throwIfAborted();
    if (status !== 0) throw new Error(`${runtime.name} ended with ${name ?? status}`);
    return JSON.parse(output) as Group[];
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}
