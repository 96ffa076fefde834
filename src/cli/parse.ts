import { parseArgs } from "node:util";

import { usageError } from "./usage-error.ts";

const COMMON = {
  pid: { type: "string" },
  "shared-root": { type: "string" },
  "container-root": { type: "string" },
  env: { type: "string", multiple: true },
  "env-file": { type: "string", multiple: true },
  cwd: { type: "string" },
  user: { type: "string" },
  groups: { type: "string" },
  privileged: { type: "boolean" },
  "kill-leftovers": { type: "boolean" },
  stdin: { type: "boolean" },
  timeout: { type: "string" },
  "kill-after": { type: "string" },
  backend: { type: "string" },
  json: { type: "string" },
  "json-on-3": { type: "boolean" },
  verbose: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  shell: { type: "string" },
  script: { type: "string" },
  transport: { type: "string" },
} as const;

/** parseArgs knows no optional values: `--json` alone becomes an option of its own. */
function splitJson(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.map((arg, index) => (arg === "--json" && (end === -1 || index < end) ? "--json-on-3" : arg));
}

type Parsed = ReturnType<typeof parseArgs<{ options: typeof COMMON; allowPositionals: true }>>;

/** As for docker exec, the program ends our options: what comes after it is its own. */
function endBeforeProgram(args: readonly string[]): string[] {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") break;
    if (!arg.startsWith("-") || arg === "-") return [...args.slice(0, at), "--", ...args.slice(at)];
    const option = Object.entries(COMMON).find(([name]) => arg === `--${name}`)?.[1];
    if (option?.type === "string") at++;
  }
  return [...args];
}

/**
 * Reads the options and arguments of a command, `run` or `exec`.
 *
 * @throws ExecutorError INVALID_OPTION.
 */
export function parse(command: string, args: readonly string[]): Parsed {
  const ours = splitJson(args);
  try {
    return parseArgs({
      args: command === "exec" ? endBeforeProgram(ours) : ours,
      options: COMMON,
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    throw explainParsing(error, ours);
  }
}

/** What parseArgs says of an option, in one sentence of our own. */
function explainParsing(error: unknown, args: readonly string[]): Error {
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
export function jsonTarget(args: readonly string[]): string | 3 | undefined {
  const end = args.indexOf("--");
  for (const arg of end === -1 ? args : args.slice(0, end)) {
    if (arg === "--json") return 3;
    if (arg === "--json=") throw usageError("--json= names no file", "write --json=FILE, or --json for descriptor 3");
    if (arg.startsWith("--json=")) return arg.slice("--json=".length);
  }
  return undefined;
}
