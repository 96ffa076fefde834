import { readFileSync } from "node:fs";

import { ExecutorError } from "../index.ts";
import { exec } from "./exec.ts";
import { HELP } from "./help.ts";
import { JsonResult } from "./json-result.ts";
import { readCommandLine, type CommandLine } from "./options.ts";
import { readOwnEnvironment } from "./own-environment.ts";
import { jsonTarget } from "./parse.ts";
import { run } from "./run.ts";
import { say } from "./say.ts";
import { shell } from "./shell.ts";
import { usageError } from "./usage-error.ts";

/** Those with options of their own. Each is loaded when it is asked for, so that steps need not wait for what they do not use. */
const OTHER_COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  containers: async (args) => (await import("./containers.ts")).listContainers(args),
  doctor: async (args) => (await import("./doctor.ts")).doctor(args),
  install: async (args) => (await import("./install.ts")).install(args),
  wait: async (args) => (await import("./wait.ts")).wait(args),
  worker: async (args) => (await import("./worker.ts")).worker(args),
};

const COMMANDS: Readonly<Record<string, (line: CommandLine, json?: JsonResult) => Promise<number>>> = {
  run,
  exec,
  shell,
};

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

async function main(args: readonly string[], ours: ReadonlyMap<string, Buffer>): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version") {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const names = Object.keys({ ...COMMANDS, ...OTHER_COMMANDS }).join(", ");
  const help = `give one of ${names}; see k8s-executor --help`;
  if (name === undefined) throw usageError("no command is given", help);
  const other = OTHER_COMMANDS[name];
  if (other) return other(rest);
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

try {
  const status = await main(process.argv.slice(2), readOwnEnvironment());
  // Everything is written by now; what may still be open (an unread stdin) shall not keep us.
  process.exit(status);
} catch (error) {
  if (error instanceof ExecutorError) {
    say(error.message);
    process.exit(error.exitStatus);
  }
  // A defect of ours: still our status, never the script's.
  say(`unexpected error, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exit(125);
}
