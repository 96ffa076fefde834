import path from "node:path";

import { invalidOption, isObject } from "../errors/index.ts";
import { relativeBelow } from "../system/index.ts";
import { invalidRequest, readTaskFields, type TaskFields } from "./task-fields.ts";

/** As this process sees them. */
export interface Directories {
  sharedRoot: string | undefined;
  /** Our working directory; "/" where it was removed. */
  startedIn: string;
}

/** What an `execute` request asks for. */
export interface Task extends TaskFields {
  /** Below the shared root as we see it; undefined where the request names none. */
  cwd: string | undefined;
  env: Readonly<Record<string, string>>;
  mask: readonly string[];
}

/**
 * The directory of a task, relative to where GoCD's agent works: the shared root, or the directory above it in which we were
 * started, where only its pipelines are shared. It must not lead out of the shared root.
 */
function readDirectory(directory: unknown, { sharedRoot, startedIn }: Directories): string | undefined {
  if (directory === undefined || directory === null || directory === "") return undefined;
  if (typeof directory !== "string") {
    throw invalidRequest(`context.workingDirectory is of type ${typeof directory}`, "give a string");
  }
  const name = JSON.stringify(directory);
  if (sharedRoot === undefined) {
    throw invalidOption(
      `the working directory ${name} cannot be found in the container without a shared root`,
      "set GO_K8S_CONTAINER_SHARED_ROOT, or give --shared-root",
    );
  }
  const inOurs = path.posix.resolve(startedIn, directory);
  const isAbove = relativeBelow(startedIn, sharedRoot) !== undefined;
  if (isAbove && relativeBelow(sharedRoot, inOurs) !== undefined) return inOurs;
  const whole = path.posix.resolve(sharedRoot, directory);
  if (relativeBelow(sharedRoot, whole) === undefined) {
    throw invalidOption(`the working directory ${name} is not below the shared root`, "give one that is");
  }
  return whole;
}

/** The job's variables, and which of them are marked secure. GoCD itself gives strings; { value, secure } is its form elsewhere. */
function readVariables(variables: unknown): [env: Record<string, string>, secure: string[]] {
  if (!isObject(variables ?? {})) throw invalidRequest("context.environmentVariables is no object", "give one");
  const env = new Map<string, string>();
  const secure: string[] = [];
  for (const [name, given] of Object.entries(variables ?? {})) {
    const value: unknown = isObject(given) ? given["value"] : given;
    if (isObject(given) && given["secure"] === true) secure.push(name);
    if (value === null || value === undefined) continue;
    if (typeof value !== "string") {
      throw invalidRequest(`the variable ${JSON.stringify(name)} is of type ${typeof value}`, "give a string");
    }
    env.set(name, value);
  }
  return [Object.fromEntries(env), secure.filter((name) => env.has(name))];
}

function readNames(names: unknown): string[] {
  const list = names ?? [];
  if (!Array.isArray(list) || !list.every((name) => typeof name === "string" && name !== "" && !name.includes("="))) {
    throw invalidRequest("maskedVariables is no list of variables' names", 'give a list as ["TOKEN"]');
  }
  return list as string[];
}

/**
 * Reads the body of an `execute` request.
 *
 * @param directories What its working directory is relative to.
 * @param masked Names of variables that are masked wherever a job has them.
 * @throws ExecutorError INVALID_REQUEST, or INVALID_OPTION for what the task itself has wrong.
 */
export function readExecuteMessage(body: unknown, directories: Directories, masked: readonly string[]): Task {
  if (!isObject(body)) throw invalidRequest("execute has no body", 'give { "config": ..., "context": ... }');
  const context = body["context"] ?? {};
  if (!isObject(context)) throw invalidRequest("context is no object", "give one");
  const [env, secure] = readVariables(context["environmentVariables"]);
  const always = masked.filter((name) => Object.hasOwn(env, name));
  return {
    cwd: readDirectory(context["workingDirectory"], directories),
    env,
    mask: [
      ...new Set([
        ...readNames(body["maskedVariables"]),
        ...readNames(context["maskedVariables"]),
        ...secure,
        ...always,
      ]),
    ],
    ...readTaskFields(body["config"]),
  };
}
