import { v7 as uuid } from "uuid";

import type { Identity, MainDirectory } from "../container/index.ts";
import { invalidOption } from "../errors/index.ts";
import { composeEnvironment, DEFAULT_PATH, lookUp, type Environment } from "./environment.ts";
import type { PreparedStep, TerminalSize, Transport } from "./prepared-step.ts";
import { normalizeScript } from "./script.ts";
import { searchPath } from "./search-path.ts";
import type { SharedRoot } from "./shared-root.ts";
import { refuseTooLong, requireBytes, requireString } from "./strings.ts";
import { terminalOf } from "./terminal.ts";
import { resolveCwd } from "./working-directory.ts";

/** What a step is prepared from. */
export interface StepSource {
  identity: Identity;
  isPrivileged: boolean;
  /** What containerEntries() made. */
  environment: ReadonlyMap<string, Buffer>;
  cwd: MainDirectory;
  /** What is not as it would be asked for, in words. */
  warnings: readonly string[];
  sharedRoot: SharedRoot | undefined;
}

/** What a script and a program have in common. */
export interface StepOptions {
  env?: Environment | undefined;
  cwd?: string | undefined;
  leftovers?: "leave" | "kill" | undefined;
  tty?: boolean | TerminalSize | undefined;
}

export interface ScriptOptions extends StepOptions {
  shell?: string | undefined;
  script: string | Uint8Array;
  transport?: Transport | undefined;
}

/** Where the helper opens a script that has no file. */
export const SCRIPT_DESCRIPTOR = "/dev/fd/3";

function prepare(
  id: string,
  command: string,
  args: readonly Buffer[],
  source: StepSource,
  options: StepOptions,
): PreparedStep {
  const { path: cwd, isWanted, warning } = resolveCwd(options.cwd, source.cwd, source.sharedRoot);
  const environment = composeEnvironment(source.environment, options.env ?? {}, cwd, id);
  args.forEach((argument, index) => refuseTooLong(argument.length + 1, `argument ${index}`));
  const candidates = searchPath(command, lookUp(environment, "PATH")?.toString() ?? DEFAULT_PATH);
  const { identity, isPrivileged } = source;
  const { leftovers = "leave" } = options;
  if (leftovers !== "leave" && leftovers !== "kill") {
    throw invalidOption(`leftovers ${JSON.stringify(leftovers)} is unknown`, 'give "leave" or "kill"');
  }
  return {
    id,
    command,
    candidates,
    arguments: args,
    environment,
    cwd,
    isCwdWanted: isWanted,
    identity,
    isPrivileged,
    killsLeftovers: leftovers === "kill",
    script: undefined,
    warnings: [...source.warnings, ...(warning === undefined ? [] : [warning])],
    terminal: terminalOf(options.tty),
  };
}

/** Prepares a program with its arguments. @throws ExecutorError INVALID_OPTION or TOO_LARGE. */
export function prepareProgram(
  command: readonly (string | Uint8Array)[],
  source: StepSource,
  options: StepOptions,
): PreparedStep {
  if (!Array.isArray(command)) {
    throw invalidOption(`the command is of type ${typeof command}`, "give an array of the program and its arguments");
  }
  const [program] = command as readonly (string | Uint8Array)[];
  if (program === undefined || program === "") {
    throw invalidOption("the command is empty", "give a program and its arguments");
  }
  // It is looked for, and named in messages.
  requireString(program, "argument 0");
  const args = command.map((argument, index) => requireBytes(argument, `argument ${index}`));
  return prepare(uuid(), program, args, source, options);
}

/** Prepares a script. @throws ExecutorError INVALID_OPTION, EMPTY_SCRIPT or TOO_LARGE. */
export function prepareScript(source: StepSource, options: ScriptOptions): PreparedStep {
  const shell = options.shell ?? "sh";
  requireString(shell, "the shell");
  if (shell === "") throw invalidOption("the shell is empty", "name one, as sh, bash, zsh or an interpreter's path");
  const transport = options.transport ?? (source.sharedRoot ? "file" : "memfd");
  if (transport !== "file" && transport !== "memfd") {
    throw invalidOption(`the transport ${JSON.stringify(transport)} is unknown`, 'give "file" or "memfd"');
  }
  if (transport === "file" && !source.sharedRoot) {
    throw invalidOption("the transport is file, but there is no shared root", "give a shared root, or memfd");
  }
  const bytes = normalizeScript(options.script);
  // Version 7 begins with the time, so a directory listing shows the order of the steps.
  const id = uuid();
  const name = transport === "file" ? `${id}.sh` : "";
  const path = transport === "file" ? `${source.sharedRoot?.theirs}/${name}` : SCRIPT_DESCRIPTOR;
  const step = prepare(
    id,
    shell,
    [shell, path.replace(/^\/\//, "/")].map((text) => Buffer.from(text)),
    source,
    options,
  );
  return { ...step, script: { bytes, transport, name, isFileWanted: options.transport === "file" } };
}
