import { readFileSync } from "node:fs";

import { ExecutorError } from "../index.ts";
import { exec } from "./exec.ts";
import { HELP } from "./help.ts";
import { keepIgnoredSignals } from "./ignored-signals.ts";
import { JsonResult } from "./json-result.ts";
import { readCommandLine, type CommandLine } from "./options.ts";
import { readOwnEnvironment } from "./own-environment.ts";
import { jsonTarget } from "./parse.ts";
import { readArguments } from "./raw-text.ts";
import { run } from "./run.ts";
import { say } from "./say.ts";
import { shell } from "./shell.ts";
import { usageError } from "./usage-error.ts";

/** Those with options of their own, by name. */
export type OtherCommands = Readonly<
  Record<string, (args: readonly string[], ours: ReadonlyMap<string, Buffer>) => Promise<number>>
>;

const COMMANDS: Readonly<Record<string, (line: CommandLine, json?: JsonResult) => Promise<number>>> = {
  run,
  exec,
  shell,
};

/** Our status where we fail for a defect of ours: never the script's. */
const DEFECT = 125;

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

async function main(
  args: readonly string[],
  ours: ReadonlyMap<string, Buffer>,
  others: OtherCommands,
): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version") {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const names = Object.keys({ ...COMMANDS, ...others }).join(", ");
  const help = `give one of ${names}; see k8s-executor --help`;
  if (name === undefined) throw usageError("no command is given", help);
  const other = others[name];
  if (other) return other(rest, ours);
  const command = COMMANDS[name];
  if (!command) throw usageError(`the command ${JSON.stringify(name)} is unknown`, help);
  const target = jsonTarget(name, rest);
  const json = target === undefined ? undefined : new JsonResult(target);
  try {
    const line = readCommandLine(name, rest, ours);
    if (!line.help) return await command(line, json);
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    if (error instanceof ExecutorError) json?.writeError(error);
    throw error;
  }
}

/**
 * Does what this process's command line asks for, and ends the process.
 *
 * @param others Commands besides those that run a step.
 */
export async function commandLine(others: OtherCommands): Promise<void> {
  // Should there ever be nothing left to wait for while we still wait, that is no success.
  process.exitCode = DEFECT;
  keepIgnoredSignals();
  try {
    const status = await main(readArguments(), readOwnEnvironment(), others);
    // Everything is written by now; what may still be open (an unread stdin) shall not keep us.
    process.exit(status);
  } catch (error) {
    if (error instanceof ExecutorError) {
      say(error.message);
      process.exit(error.exitStatus);
    }
    say(
      `unexpected error, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    process.exit(DEFECT);
  }
}
