import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";

import { errnoText, usageError } from "./usage-error.ts";

/** One variable, as `docker exec --env` takes it: NAME=VALUE, or NAME alone for the value that we have. */
function add(variables: Map<string, string>, text: string, where: string): void {
  const equals = text.indexOf("=");
  if (equals === 0 || text === "") throw usageError(`a variable in ${where} has no name`, "write NAME=VALUE");
  const name = equals === -1 ? text : text.slice(0, equals);
  const value = equals === -1 ? process.env[name] : text.slice(equals + 1);
  // As docker does: a variable that we do not have is not passed.
  if (value !== undefined) variables.set(name, value);
}

/**
 * The variables of --env-file and --env, the latter winning.
 *
 * A file has one NAME=VALUE or NAME in a line, as for `docker run --env-file`: no quotes, no escapes; empty lines and
 * lines that begin with # are passed over.
 */
export function readVariables(options: readonly string[], files: readonly string[]): Record<string, string> {
  const variables = new Map<string, string>();
  for (const file of files) {
    for (const line of readText(file).split(/\r?\n/)) {
      const text = line.trimStart();
      if (text === "" || text.startsWith("#")) continue;
      const [, name = ""] = /^([^=]*)/.exec(text) ?? [];
      if (/\s/.test(name))
        throw usageError(`the name ${JSON.stringify(name)} in ${file} contains white space`, "write NAME=VALUE");
      add(variables, text, file);
    }
  }
  for (const option of options) add(variables, option, "--env");
  return Object.fromEntries(variables);
}

function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw usageError(
      `the environment file ${JSON.stringify(file)} cannot be read (${errnoText(error)})`,
      "check its name and permissions",
    );
  }
  if (!isUtf8(bytes)) throw usageError(`the environment file ${JSON.stringify(file)} is not UTF-8`, "convert it");
  return bytes.toString();
}
