import { explain, requireEntrance, type EntranceTarget } from "../container/index.ts";
import { ExecutorError } from "../errors/index.ts";
import { Descriptors, type Proc } from "../system/index.ts";

/** What connect() would say. It is asked the same, of what is known already. */
export function obstacleOf(proc: Proc, target: EntranceTarget): string | undefined {
  const opened = new Descriptors();
  try {
    requireEntrance(proc, target, opened);
    return undefined;
  } catch (error) {
    const explained = explain(error, target.pid);
    if (explained instanceof ExecutorError) return explained.message;
    throw explained;
  } finally {
    opened.close();
  }
}
