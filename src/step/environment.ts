import { STEP_ID } from "../container/index.ts";
import { invalidOption } from "../errors/index.ts";
import { isTooLong, refuseTooLong, requireBytes, requireUtf8 } from "./strings.ts";

/** What a container runtime gives a container whose image sets none. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Secrets with which GoCD's Kubernetes elastic agent registers; the Pod has them in every container. */
const AGENT_SECRETS = "GO_EA_";

/** Variables by name, text or bytes; undefined removes one that the container has. */
export type Environment = Readonly<Record<string, string | Uint8Array | undefined>>;

function checkName(name: string): void {
  if (name === "") throw invalidOption("a variable has no name", "name it");
  if (name.includes("=") || name.includes("\0")) {
    throw invalidOption(
      `the variable name ${JSON.stringify(name)} contains ${name.includes("=") ? '"="' : "a NUL byte"}`,
      "rename it",
    );
  }
  requireUtf8(name, `the variable name ${JSON.stringify(name)}`, "rename it");
}

function entryOf(name: string, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${name}=`, "latin1"), value]);
}

/**
 * What each step in a container has of its environment, made once for all of them.
 *
 * @param container The environment of the container's main process, bytes by latin1 name.
 * @returns `NAME=value` by that name.
 */
export function containerEntries(container: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  const entries = new Map<string, Buffer>();
  for (const [name, value] of container) {
    // OLDPWD was another process's.
    if (name !== "OLDPWD" && !name.startsWith(AGENT_SECRETS)) entries.set(name, entryOf(name, value));
  }
  if (!entries.has("PATH")) entries.set("PATH", Buffer.from(`PATH=${DEFAULT_PATH}`));
  return entries;
}

/**
 * The environment of a step: the container's own, then the job's on top, PWD, and the step's id.
 *
 * @param container What {@link containerEntries} made.
 * @param job What the caller adds, replaces or (undefined) removes.
 * @param cwd The working directory in the container.
 * @param id The step's, unique.
 * @returns One `NAME=value` for each variable, as execve(2) takes them.
 * @throws ExecutorError INVALID_OPTION or TOO_LARGE, naming the variable and never its value.
 */
export function composeEnvironment(
  container: ReadonlyMap<string, Buffer>,
  job: Environment,
  cwd: string,
  id: string,
): Buffer[] {
  const own = new Map<string, Buffer | undefined>();
  // A shell takes PWD for true where it names the directory it is in, links kept.
  own.set("PWD", Buffer.from(`PWD=${cwd}`));
  for (const [name, value] of Object.entries(job)) {
    checkName(name);
    const key = Buffer.from(name).toString("latin1");
    const isPassed = value !== undefined && !name.startsWith(AGENT_SECRETS);
    own.set(key, isPassed ? entryOf(key, requireBytes(value, `variable ${name}`)) : undefined);
  }
  own.set(STEP_ID, Buffer.from(stepMark(id)));
  const entries: Buffer[] = [];
  const add = (entry: Buffer | undefined, name: string): void => {
    if (!entry) return;
    if (isTooLong(entry.length)) refuseTooLong(entry.length, `variable ${Buffer.from(name, "latin1").toString()}`);
    entries.push(entry);
  };
  container.forEach((entry, name) => own.has(name) || add(entry, name));
  own.forEach(add);
  return entries;
}

/** The entry of a step's environment that no other step has. */
export function stepMark(id: string): string {
  return `${STEP_ID}=${id}`;
}

/** The value of one variable in what composeEnvironment made. */
export function lookUp(entries: readonly Buffer[], name: string): Buffer | undefined {
  const start = Buffer.from(`${name}=`);
  const entry = entries.find(
    (candidate) => candidate[0] === start[0] && candidate.subarray(0, start.length).equals(start),
  );
  return entry?.subarray(start.length);
}
