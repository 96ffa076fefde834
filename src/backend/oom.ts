import type { Container } from "../container/index.ts";
import type { Ending } from "./types.ts";

/** What a shell makes of a child that SIGKILL ended. */
const SHELLS_SIGKILL = 128 + 9;

/**
 * Begins to watch for the kernel's OOM killer.
 *
 * @returns Whether it ended a step: it was killed, and the kernel counted a kill meanwhile. Where two steps of a container
 *   are killed at once, and only one for memory, both are taken for that.
 */
export function watchOom(container: Container): (ending: Pick<Ending, "signal" | "exitCode">) => boolean {
  const oom = container.cgroups?.oom;
  const before = oom?.count() ?? 0;
  return ({ signal, exitCode }) =>
    oom !== undefined && (signal === "SIGKILL" || exitCode === SHELLS_SIGKILL) && oom.count() > before;
}
