import { parseArgs } from "node:util";

import { CONTAINER_OPTIONS } from "./container-options.ts";
import { requireTexts } from "./raw-text.ts";
import { usageError } from "./usage-error.ts";

const STEP_OPTIONS = {
  env: { type: "string", multiple: true },
  "env-file": { type: "string", multiple: true },
  "pass-env": { type: "string", multiple: true },
  "no-job-env": { type: "boolean" },
  mask: { type: "string", multiple: true },
  cwd: { type: "string" },
  user: { type: "string" },
  groups: { type: "string" },
  privileged: { type: "boolean" },
  "kill-leftovers": { type: "boolean" },
  stdin: { type: "boolean" },
  interactive: { type: "boolean", short: "i" },
  tty: { type: "boolean", short: "t" },
  timeout: { type: "string" },
  "kill-after": { type: "string" },
  lines: { type: "boolean" },
  quiet: { type: "boolean" },
  verbose: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  shell: { type: "string" },
  script: { type: "string" },
  transport: { type: "string" },
} as const;

type Options = typeof CONTAINER_OPTIONS & typeof STEP_OPTIONS;
type Parsed = ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true }>>;
const OPTIONS: Options = { ...CONTAINER_OPTIONS, ...STEP_OPTIONS };

interface Split {
  /** Our options, without --json: parseArgs knows no optional values. */
  ours: string[];
  /** The operands of exec, or what comes after "--". */
  operands: string[];
  json: string | 3 | undefined;
}

function takesValue(arg: string): boolean {
  return Object.entries(OPTIONS).some(([name, { type }]) => arg === `--${name}` && type === "string");
}

/** As for docker exec, the program ends our options: what comes after it is its own. */
function split(command: string, args: readonly string[]): Split {
  const ours: string[] = [];
  let json: Split["json"];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") return { ours, operands: args.slice(at + 1), json };
    if (command === "exec" && (!arg.startsWith("-") || arg === "-")) return { ours, operands: args.slice(at), json };
    if (arg === "--json") json = 3;
    else if (arg.startsWith("--json=")) json = arg.slice("--json=".length);
    else ours.push(arg, ...(takesValue(arg) ? args.slice(++at, at + 1) : []));
  }
  return { ours, operands: [], json };
}

/**
 * Reads the options and arguments of a command, `run` or `exec`.
 *
 * @throws ExecutorError INVALID_OPTION.
 */
export function parse(command: string, args: readonly string[]): Parsed {
  const parsed = parseWords(split(command, args));
  // Of these the bytes count.
  const { env: _env, "env-file": _file, script: _script, ...texts } = parsed.values;
  requireTexts(texts);
  return parsed;
}

function parseWords({ ours, operands }: Split): Parsed {
  try {
    return parseArgs({ args: [...ours, "--", ...operands], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw explainParsing(error, ours);
  }
}

/** What parseArgs says of an option, in one sentence of our own. */
export function explainParsing(error: unknown, args: readonly string[]): Error {
  const message = error instanceof Error ? error.message : String(error);
  const option = /'(?:-\w, )?(-{1,2}[^' ]+)[^']*'/.exec(message)?.[1] ?? "";
  const help = "see k8s-executor --help";
  if (message.startsWith("Unknown option")) return usageError(`the option ${option} is unknown`, help);
  if (message.includes("does not take an argument")) return usageError(`${option} takes no value`, help);
  const value = args[args.indexOf(option) + 1];
  if (value?.startsWith("-")) {
    const text = JSON.stringify(value);
    return usageError(
      `${option} is followed by ${text}, which looks like an option`,
      `write ${option}=${value} if it is the value`,
    );
  }
  return usageError(`${option} needs a value`, help);
}

/** Where the JSON result is to go, known before the rest of the command line is understood: its errors go there too. */
export function jsonTarget(command: string, args: readonly string[]): string | 3 | undefined {
  const { json } = split(command, args);
  if (json === "") throw usageError("--json= names no file", "write --json=FILE, or --json for descriptor 3");
  return json;
}
