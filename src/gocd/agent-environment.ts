import { readEnviron, readStat } from "../container/index.ts";
import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";

/** The agent could not be found or looked into, and why, in words for a note. */
export class UnknownAgent extends Error {
  override readonly name = "UnknownAgent";
}

/** Whether a process with this environment belongs to a job. */
export function isInsideJob(variables: ReadonlyMap<string, Buffer>): boolean {
  return (variables.get("GO_JOB_NAME")?.length ?? 0) > 0;
}

function attempt<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw new UnknownAgent(`${what} cannot be read (${errno})`);
  }
}

/**
 * The environment of the nearest ancestor that is not inside the job: the agent's.
 *
 * It must be in our own mount namespace. When our parent has ended we belong to an init process, and with a shared process
 * namespace that is the Pod's pause container, whose environment says nothing of the agent.
 *
 * @throws UnknownAgent where an ancestor cannot be read, or there is none.
 */
export function readAgentEnvironment(proc: Proc): Map<string, Buffer> {
  const ours = proc.link("/proc/self/ns/mnt");
  let below = "self";
  for (;;) {
    const current = below;
    const parent = String(attempt(`process ${current}`, () => readStat(proc, `/proc/${current}`)).parent);
    if (parent === "0") throw new UnknownAgent("no process above us is outside the job");
    const directory = `/proc/${parent}`;
    const variables = attempt(`the environment of process ${parent}`, () => readEnviron(proc, directory));
    if (attempt(`process ${parent}`, () => proc.link(`${directory}/ns/mnt`)) !== ours) {
      throw new UnknownAgent(`process ${parent}, above us, is in another mount namespace`);
    }
    if (variables.size === 0) throw new UnknownAgent(`process ${parent}, above us, shows no environment`);
    if (!isInsideJob(variables)) return variables;
    below = parent;
  }
}
