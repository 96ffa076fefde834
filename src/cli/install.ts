import { parseArgs } from "node:util";

import { install as installTo } from "../install/index.ts";
import { HELP } from "./help.ts";
import { explainParsing } from "./parse.ts";
import { requireText } from "./raw-text.ts";
import { usageError } from "./usage-error.ts";

const OPTIONS = {
  helper: { type: "boolean" },
  cli: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

type Parsed = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>;

function parse(args: readonly string[]): Parsed {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw explainParsing(error, args);
  }
}

/** `k8s-executor install`: copies pause, and what else is asked for, to a directory that containers share. Answers the exit status. */
export async function install(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [directory, ...more] = positionals;
  if (directory === undefined) {
    throw usageError(
      "install needs a directory",
      "name the one that the containers share, as k8s-executor install /go",
    );
  }
  if (more.length > 0) {
    throw usageError(`install takes one directory, and ${JSON.stringify(more[0])} is another`, "give one");
  }
  requireText("the directory", directory);
  const installed = installTo(directory, { helper: values.helper ?? false, cli: values.cli ?? false });
  for (const file of installed) process.stdout.write(`${file}\n`);
  return 0;
}
