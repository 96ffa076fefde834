import { accessProc, type Proc } from "../system/index.ts";
import { readAgentEnvironment, UnknownAgent } from "./agent-environment.ts";

export { isInsideJob } from "./agent-environment.ts";

/** What a job adds to the environment of its agent. */
export interface JobVariables {
  /** Bytes by latin1 name. */
  variables: Map<string, Buffer>;
  /** What the user should know; undefined where all went well. */
  note: string | undefined;
}

/** What each shell between the agent and us sets for itself. */
const SHELLS_OWN: ReadonlySet<string> = new Set(["PWD", "OLDPWD", "SHLVL", "_"]);

/** What the agent's image or entrypoint may set for the agent, though it is named like GoCD's own for a job. */
const AGENTS_OWN: ReadonlySet<string> = new Set(["GO_JAVA_HOME", "GO_AGENT_SYSTEM_PROPERTIES"]);

/** Each job has it, and the entrypoint of GoCD's images gives it to the agent too. */
const ALWAYS_THE_JOBS = "GO_SERVER_URL";

/** Whether a variable says something of our own process, or to us, and nothing to a step. */
export function isOurOwn(name: string): boolean {
  return SHELLS_OWN.has(name) || name.startsWith("GO_EA_") || name.startsWith("GO_K8S_CONTAINER_");
}

/**
 * GoCD starts an `exec` task with the agent's environment and the job's variables in one. The job's are those that the
 * agent itself does not have, or has with another value.
 *
 * @param ours The environment of this process, bytes by latin1 name; it is inside a job.
 * @returns Without the agent's environment to compare with, those named GO_*, which mostly only GoCD sets, and a note.
 */
export function readJobVariables(ours: ReadonlyMap<string, Buffer>, proc: Proc = accessProc()): JobVariables {
  const candidates = [...ours].filter(([name]) => !isOurOwn(name));
  try {
    const agents = readAgentEnvironment(proc);
    const isJobs = ([name, value]: [string, Buffer]): boolean =>
      name === ALWAYS_THE_JOBS || agents.get(name)?.equals(value) !== true;
    return { variables: new Map(candidates.filter(isJobs)), note: undefined };
  } catch (error) {
    if (!(error instanceof UnknownAgent)) throw error;
    return {
      variables: new Map(candidates.filter(([name]) => name.startsWith("GO_") && !AGENTS_OWN.has(name))),
      note: `only the job's GO_* variables are passed, for its other ones cannot be told from the agent's: ${error.message}; name them with --pass-env`,
    };
  }
}
