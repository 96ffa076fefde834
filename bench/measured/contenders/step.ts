import path from "node:path";

import type { Guest, Package } from "../package.ts";
import type { ContenderName, Task } from "../task.ts";
import { timed, type Run, type Starter, type StartOptions, type Work } from "./contender.ts";

const BACKENDS = { native: "native", helper: "helper", "nsenter-backend": "nsenter" } as const;

/** The contenders that are a backend of the package. */
export type OwnName = keyof typeof BACKENDS;

export function isOwn(name: ContenderName): name is OwnName {
  return name in BACKENDS;
}

/** The backend of one of our contenders. */
export function backendOf(name: OwnName): (typeof BACKENDS)[OwnName] {
  return BACKENDS[name];
}

function startStep(guest: Guest, work: Work, containerRoot: string, options: StartOptions = {}): Run {
  const how = {
    reject: true,
    buffer: !options.isRead,
    ...(options.hasStdin ? { stdin: "pipe" as const } : {}),
  };
  const step =
    work.kind === "exec"
      ? guest.exec(
          work.command((program) => path.join(containerRoot, program)),
          how,
        )
      : guest.run({ script: work.script, transport: work.transport, ...how });
  return {
    stdin: step.stdin,
    stdout: step.stdout,
    lines: () => step,
    ended: step.then(() => undefined),
  };
}

/** A backend of the package. */
export async function stepContender(own: Package, name: OwnName, { guest: target }: Task): Promise<Starter> {
  const guest = await own.connect({ ...target, backend: backendOf(name) });
  const start: Starter["start"] = (work, options) => startStep(guest, work, target.containerRoot, options);
  return { name, start, time: timed(start), close: () => guest.close() };
}
