import { existsSync } from "node:fs";

import type { ConnectOptions, ReadyOptions } from "../index.ts";
import { parseDuration } from "./duration.ts";
import { usageError } from "./usage-error.ts";

/** The options that say which container is meant, as parseArgs takes them. */
export const CONTAINER_OPTIONS = {
  container: { type: "string" },
  pid: { type: "string" },
  "shared-root": { type: "string" },
  "container-root": { type: "string" },
  config: { type: "string" },
  backend: { type: "string" },
  "allow-degraded": { type: "boolean" },
  wait: { type: "string" },
  probe: { type: "string" },
} as const;

type Name = keyof typeof CONTAINER_OPTIONS;
type Value<Type extends "string" | "boolean"> = Type extends "string" ? string : boolean;
type Values = Readonly<{ [Key in Name]?: Value<(typeof CONTAINER_OPTIONS)[Key]["type"]> | undefined }>;

/**
 * Where the configuration is by default. Not in the working directory: that is a pipeline's, which the containers can write.
 */
const CONFIG_FILE = "/etc/k8s-executor.json";

/** The value of a variable that counts as unset when it is empty. */
export function variable(name: string): string | undefined {
  return process.env[name] === "" ? undefined : process.env[name];
}

/** Which variable names the container, where no option does. */
export function targetVariable({ pid, container }: Values): string | undefined {
  if (pid !== undefined || container !== undefined) return undefined;
  return ["K8S_EXECUTOR_TARGET", "GO_K8S_CONTAINER_PID"].find((name) => variable(name) !== undefined);
}

/** The pid of the variable was found when the agent started; a name holds when the container has restarted, too. */
function readTarget(values: Values): { pid?: number; container?: string } {
  if (values.pid !== undefined && values.container !== undefined) {
    throw usageError("both --pid and --container are given", "give one of them");
  }
  if (values.container !== undefined) return { container: values.container };
  if (values.pid !== undefined) return { pid: parsePid("--pid", values.pid) };
  const container = variable("K8S_EXECUTOR_TARGET");
  if (container !== undefined) return { container };
  const pid = variable("GO_K8S_CONTAINER_PID");
  return pid === undefined ? {} : { pid: parsePid("GO_K8S_CONTAINER_PID", pid) };
}

function parsePid(source: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw usageError(`${source} ${JSON.stringify(text)} is not a process id`, "give a positive whole number");
}

/** The options that name the container, and the variables that are their defaults. @throws ExecutorError INVALID_OPTION. */
export function readContainer(values: Values): ConnectOptions {
  const sharedRoot = values["shared-root"] ?? variable("GO_K8S_CONTAINER_SHARED_ROOT");
  const config = values.config ?? variable("K8S_EXECUTOR_CONFIG");
  return {
    ...readTarget(values),
    sharedRoot,
    containerRoot: values["container-root"] ?? (sharedRoot && variable("GO_K8S_CONTAINER_ROOT")),
    config: config ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined),
    // connect() itself refuses an unknown one, with the list of those there are.
    backend: values.backend as ConnectOptions["backend"],
    allowDegraded: values["allow-degraded"] ?? false,
  };
}

/** As in a Dockerfile: text is for the shell, a list in JSON is a program without one. The shell has a command [, too. */
function parseProbe(text: string): ReadyOptions["probe"] {
  if (!text.startsWith("[")) return text;
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.length > 0 && list.every((word) => typeof word === "string")) return list;
  } catch {
    if (!text.startsWith('["')) return text;
  }
  throw usageError(
    `--probe ${JSON.stringify(text)} is no list of strings in JSON`,
    'write it as ["pg_isready", "-q"], or as text for the shell',
  );
}

/** How long to wait for the container, and for what. @throws ExecutorError INVALID_OPTION. */
export function readWait({ wait, probe }: Values): { wait: number | undefined; probe: ReadyOptions["probe"] } {
  if (wait === undefined && probe !== undefined) throw usageError("--probe is given without --wait", "add --wait 60s");
  const time = wait === undefined ? undefined : parseDuration("--wait", wait);
  if (time === 0) throw usageError(`--wait ${JSON.stringify(wait)} is no time to wait`, "give some, as 60s");
  if (probe === "")
    throw usageError("--probe is empty", "give a script, or a list in JSON of a program and its arguments");
  return { wait: time, probe: probe === undefined ? undefined : parseProbe(probe) };
}
