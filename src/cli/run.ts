import { readFileSync } from "node:fs";

import type { Guest } from "../index.ts";
import { execute } from "./execute.ts";
import type { JsonResult } from "./json-result.ts";
import type { CommandLine } from "./options.ts";
import { bytesOf, quote } from "./raw-text.ts";
import { errnoText, usageError } from "./usage-error.ts";

/** `k8s-executor run`: a script through a shell. */
export async function run(line: CommandLine, json?: JsonResult): Promise<number> {
  const script = readScript(line);
  const shell = (guest: Guest): string => line.shell ?? guest.defaults.shell ?? "sh";
  return execute(line, json, shell, (guest) =>
    guest.run({ ...line.step, script, shell: line.shell, transport: line.transport, buffer: false }),
  );
}

function readScript(line: CommandLine): string | Uint8Array {
  const [file, ...more] = line.positionals;
  if (more.length > 0) {
    throw usageError(
      `run takes one script, and ${JSON.stringify(more[0])} is a second argument`,
      "set variables with --env to pass values to it",
    );
  }
  if (line.script !== undefined && file !== undefined) {
    throw usageError("both --script and a script file are given", "give one of them");
  }
  if (line.script !== undefined) return bytesOf(line.script);
  if (file === undefined) throw usageError("no script is given", "give a file, - for stdin, or --script TEXT");
  if (file === "-" && line.step.stdin !== undefined) {
    throw usageError("--interactive and the script - both want stdin", "give the script as a file");
  }
  try {
    return readFileSync(file === "-" ? 0 : bytesOf(file));
  } catch (error) {
    throw usageError(
      `the script file ${quote(file)} cannot be read (${errnoText(error)})`,
      "check its name and permissions",
    );
  }
}
