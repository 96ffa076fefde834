import { backendOf, isOwn } from "../contenders/index.ts";
import { interleave } from "../interleave.ts";
import { loadPackage } from "../package.ts";
import type { Group, Task } from "../task.ts";
import { roundsOf } from "./bench.ts";

/** What it costs to pin a guest and to let it go again. */
export async function connect(task: Task): Promise<Group[]> {
  const own = await loadPackage(task.repository);
  const participants = task.contenders.filter(isOwn).map((contender) => ({
    contender,
    cases: [{ case: "connect and close", unit: "ms" as const }],
    async measure() {
      const begin = performance.now();
      const guest = await own.connect({ ...task.guest, backend: backendOf(contender) });
      guest.close();
      return [performance.now() - begin];
    },
  }));
  const measured = await interleave(participants, roundsOf(task, 200, 20));
  return [{ base: "native", heldMB: 0, ...measured }];
}
