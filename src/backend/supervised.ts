import type { Container } from "../container/index.ts";
import { errnoName, ExecutorError } from "../errors/index.ts";
import { removeScript, type PreparedStep, type SharedRoot } from "../step/index.ts";
import { endingOf } from "./ending.ts";
import { containerGoneError, entryError } from "./failure.ts";
import { keptOf, unknownOf } from "./kept.ts";
import { killOrphans } from "./kill-tree.ts";
import { describeMembers } from "./process-group.ts";
import type { watchOom } from "./oom.ts";
import { decodeEnd, decodeRefusal, type EndRecord } from "./record.ts";
import { startError } from "./start-error.ts";
import type { Ending } from "./types.ts";
import { warningsOf } from "./warnings.ts";

function helperLost(step: PreparedStep, why: string, remedy: string): ExecutorError {
  const problem = `the supervisor of ${JSON.stringify(step.command)} ${why}: how the step ended is unknown`;
  return new ExecutorError("HELPER_LOST", { problem, remedy });
}

function unkillable({ group }: EndRecord, step: PreparedStep): ExecutorError {
  const survivors = group > 0 ? describeMembers(group) : "";
  return helperLost(
    step,
    `could not kill ${survivors === "" ? "the step's process" : survivors}`,
    "look for the device or network file system that a process in state D waits for, or for what stopped the supervisor",
  );
}

/** A step whose helper has said its last words. */
export interface SupervisedStep {
  step: PreparedStep;
  container: Container;
  sharedRoot: SharedRoot | undefined;
  wasOutOfMemory: ReturnType<typeof watchOom>;
  /** The helper's child, as far as the helper came. */
  child: () => number | undefined | Promise<number | undefined>;
}

/** What the helper's last words mean: an ending, or the error that explains why there is none. */
export async function conclude(bytes: Buffer, supervised: SupervisedStep): Promise<Ending> {
  const { step, container, sharedRoot, wasOutOfMemory } = supervised;
  const refusal = decodeRefusal(bytes);
  if (refusal) throw startError("the step", refusal);
  const record: EndRecord | undefined = decodeEnd(bytes);
  if (!record || record.residentLost) {
    await killOrphans(await supervised.child(), step.id, container);
    if (step.script && sharedRoot) removeScript(step.script, sharedRoot);
    const suspects = "the kernel's OOM killer, a process of the container with the same user";
    throw helperLost(step, "was killed", `look for what killed it (${suspects})`);
  }
  if (record.subreaperLost) await killOrphans(undefined, step.id, container);
  if (record.targetGone) throw containerGoneError(container);
  if (record.errno !== 0) throw entryError(record, step, container);
  if (record.unreaped) throw unkillable(record, step);
  if (record.scriptLeft) {
    throw new ExecutorError("SHARED_ROOT", {
      problem: `the step ended, but its script ${step.script?.name ?? ""} could not be removed from the shared root`,
      remedy: "remove the file; check that the shared volume was not remounted read-only",
      details: { exit: record.waitStatus, errno: errnoName(record.errno) },
    });
  }
  const ending = endingOf(record);
  // What a subreaper held that was killed is the container's init's now, and was looked for in /proc only.
  if (record.subreaperLost && container.hiding !== undefined) ending.survivors = undefined;
  const limitations = [...keptOf(record, step, container), ...unknownOf(ending, container)];
  return { ...ending, outOfMemory: wasOutOfMemory(ending), limitations, warnings: warningsOf(record, step) };
}
