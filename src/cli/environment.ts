import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";

import { isInsideJob, isOurOwn, readJobVariables } from "../gocd/index.ts";
import { parseGlob } from "./glob.ts";
import { bytesOf, quote, requireText } from "./raw-text.ts";
import { errnoText, usageError } from "./usage-error.ts";

/** What the options say of the step's variables. */
export interface VariableOptions {
  /** --env */
  env?: readonly string[] | undefined;
  /** --env-file */
  "env-file"?: readonly string[] | undefined;
  /** --pass-env */
  "pass-env"?: readonly string[] | undefined;
  /** --no-job-env */
  "no-job-env"?: boolean | undefined;
}

/** The variables of a step, by name. */
export interface Variables {
  env: Record<string, string | Buffer>;
  /** What the user should know of them. */
  notes: string[];
}

/** Text where it is text. */
function textOrBytes(bytes: Buffer): string | Buffer {
  return isUtf8(bytes) ? bytes.toString() : bytes;
}

/** Those of our own variables that go in without a name being given for each. */
function passedOn(ours: ReadonlyMap<string, Buffer>, options: VariableOptions): [Map<string, Buffer>, string[]] {
  const globs = (options["pass-env"] ?? []).map((glob) => parseGlob("--pass-env", glob));
  const job = isInsideJob(ours) && !options["no-job-env"] ? readJobVariables(ours) : undefined;
  const asked = [...ours].filter(([name]) => {
    const text = Buffer.from(name, "latin1").toString();
    return !isOurOwn(name) && globs.some((glob) => glob.test(text));
  });
  return [new Map([...(job?.variables ?? []), ...asked]), job?.note === undefined ? [] : [job.note]];
}

/**
 * The variables of a step: the job's and those of --pass-env, then those of --env-file and of --env, the later winning.
 *
 * A file has one NAME=VALUE or NAME in a line, as for `docker run --env-file`: no quotes, no escapes; empty lines and
 * lines that begin with # are passed over.
 *
 * @param ours The environment of this process, bytes by latin1 name.
 */
export function readVariables(ours: ReadonlyMap<string, Buffer>, options: VariableOptions): Variables {
  const variables = new Map<string, string | Buffer>();
  const [passed, notes] = passedOn(ours, options);
  for (const [name, value] of passed) {
    const bytes = Buffer.from(name, "latin1");
    if (isUtf8(bytes)) variables.set(bytes.toString(), textOrBytes(value));
    else notes.push(`a variable is not passed, for its name ${JSON.stringify(name)} is not UTF-8`);
  }
  // One variable, as `docker exec --env` takes it: NAME=VALUE, or NAME alone for the value that we have.
  const add = (text: string, where: string): void => {
    const equals = text.indexOf("=");
    if (equals === 0 || text === "") throw usageError(`a variable in ${where} has no name`, "write NAME=VALUE");
    const name = equals === -1 ? text : text.slice(0, equals);
    requireText(`the name of a variable in ${where}`, name);
    const own = ours.get(Buffer.from(name).toString("latin1"));
    // As docker does: a variable that we do not have is not passed.
    if (equals !== -1) variables.set(name, bytesOf(text.slice(equals + 1)));
    else if (own !== undefined) variables.set(name, textOrBytes(own));
  };
  for (const file of options["env-file"] ?? []) {
    for (const line of readText(file).split(/\r?\n/)) {
      const text = line.trimStart();
      if (text === "" || text.startsWith("#")) continue;
      const [, name = ""] = /^([^=]*)/.exec(text) ?? [];
      if (/\s/.test(name))
        throw usageError(`the name ${JSON.stringify(name)} in ${file} contains white space`, "write NAME=VALUE");
      add(text, file);
    }
  }
  for (const option of options.env ?? []) add(option, "--env");
  return { env: Object.fromEntries(variables), notes };
}

function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(bytesOf(file));
  } catch (error) {
    throw usageError(
      `the environment file ${quote(file)} cannot be read (${errnoText(error)})`,
      "check its name and permissions",
    );
  }
  if (!isUtf8(bytes)) throw usageError(`the environment file ${quote(file)} is not UTF-8`, "convert it");
  return bytes.toString();
}
