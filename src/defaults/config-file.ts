import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

import { errnoOf, invalidOption, isObject, requireTypes, type OptionType } from "../errors/index.ts";
import type { Config, ContainerDefaults } from "./types.ts";

const MOST_BYTES = 1024 * 1024;
const TYPES: Readonly<Record<keyof ContainerDefaults, OptionType>> = {
  shell: "string",
  user: "string",
  cwd: "string",
  env: "an object",
};

function readText(path: string): string {
  let fd: number | undefined;
  try {
    // A FIFO in its place would keep us waiting for ever.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MOST_BYTES) {
      throw invalidOption(`the configuration ${JSON.stringify(path)} is no file of at most a megabyte`, "give one");
    }
    const bytes = readFileSync(fd);
    if (!isUtf8(bytes)) throw invalidOption(`the configuration ${JSON.stringify(path)} is not UTF-8`, "convert it");
    return bytes.toString();
  } catch (error) {
    const errno = errnoOf(error);
    // An error of ours has a code too, which is no errno.
    if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) throw error;
    throw invalidOption(
      `the configuration ${JSON.stringify(path)} cannot be read (${errno})`,
      "check its name and permissions",
    );
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, and a variable's value in it may be secret.
    throw invalidOption(`the configuration ${JSON.stringify(path)} is no JSON`, "check it with jq");
  }
}

function refuseUnknown(place: string, object: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  const unknown = Object.keys(object).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw invalidOption(`${place} has ${JSON.stringify(unknown)}, which is unknown`, `give ${known.join(", ")} only`);
}

function readDefaults(place: string, entry: unknown): ContainerDefaults {
  if (!isObject(entry)) throw invalidOption(`${place} is no object`, "give one");
  refuseUnknown(place, entry, Object.keys(TYPES));
  requireTypes(entry, TYPES, ` of ${place}`);
  const bad = Object.entries(entry["env"] ?? {}).find(([, value]) => typeof value !== "string");
  if (bad) throw invalidOption(`${place} has the variable ${JSON.stringify(bad[0])}, which is no text`, "quote it");
  return entry;
}

/**
 * Reads a `k8s-executor.json`: `{ "containers": { "maven": { "shell": "bash", "user": "1000", "cwd": "/work", "env": {} } } }`.
 *
 * @throws ExecutorError INVALID_OPTION, which never shows a value.
 */
export function readConfig(path: string): Config {
  const content = parse(path, readText(path));
  const place = `the configuration ${JSON.stringify(path)}`;
  if (!isObject(content)) throw invalidOption(`${place} is no object`, 'give { "containers": { "NAME": { ... } } }');
  refuseUnknown(place, content, ["containers"]);
  const containers = content["containers"] ?? {};
  if (!isObject(containers)) throw invalidOption(`"containers" of ${place} is no object`, "give one");
  return new Map(
    Object.entries(containers).map(([name, entry]) => [
      name,
      readDefaults(`the container ${JSON.stringify(name)} in ${place}`, entry),
    ]),
  );
}
