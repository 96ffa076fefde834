import type { Rounds } from "../interleave.ts";
import type { Group, Task } from "../task.ts";
import { withBench } from "./bench.ts";
import { atEachLevel } from "./levels.ts";
import { timeStarts } from "./startup.ts";

/** The more is held, the longer a round takes where page tables are copied. */
function roundsAt(megabytes: number): Rounds {
  return { counted: megabytes < 300 ? 60 : megabytes < 1000 ? 40 : 20, warmUp: 5 };
}

/** Startup latency in a worker that holds memory. */
export function held(task: Task): Promise<Group[]> {
  return withBench(task, (bench) =>
    atEachLevel(task.heldMB ?? [100, 500, 2000], (megabytes) => timeStarts(bench, megabytes, roundsAt(megabytes))),
  );
}
