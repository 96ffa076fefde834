import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

import { explainParsing } from "./parse.ts";
import { requireTexts } from "./raw-text.ts";
import { usageError } from "./usage-error.ts";

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Options; args: string[] }>
>["values"];

function parse<Options extends ParseArgsOptionsConfig>(
  command: string,
  args: readonly string[],
  options: Options,
): Values<Options> {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    const extra = /^Unexpected argument '(.*)'\./s.exec(error instanceof Error ? error.message : "")?.[1];
    if (extra === undefined) throw explainParsing(error, args);
    throw usageError(`${command} takes options only, and ${JSON.stringify(extra)} is none`, "see k8s-executor --help");
  }
}

/**
 * Reads the options of a command that takes nothing else.
 *
 * @throws ExecutorError INVALID_OPTION.
 */
export function parseOptions<Options extends ParseArgsOptionsConfig>(
  command: string,
  args: readonly string[],
  options: Options,
): Values<Options> {
  const values = parse(command, args, options);
  requireTexts(values);
  return values;
}
