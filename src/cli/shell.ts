import { isatty } from "node:tty";

import type { Guest } from "../index.ts";
import { execute } from "./execute.ts";
import type { JsonResult } from "./json-result.ts";
import type { CommandLine } from "./options.ts";
import { usageError } from "./usage-error.ts";

/** The best shell that the container has. */
const BEST: readonly string[] = ["sh", "-c", "command -v bash > /dev/null 2>&1 && exec bash; exec sh"];

/** `k8s-executor shell`: an interactive shell. `line` has its terminal and stdin already. */
export async function shell(line: CommandLine, json?: JsonResult): Promise<number> {
  for (const option of ["script", "transport"] as const) {
    if (line[option] !== undefined) {
      throw usageError(`--${option} ${JSON.stringify(line[option])} is for scripts`, "use k8s-executor run");
    }
  }
  const [operand] = line.positionals;
  if (operand !== undefined) {
    throw usageError(`shell takes no arguments, and ${JSON.stringify(operand)} is one`, "use k8s-executor exec");
  }
  if (!isatty(0)) throw usageError("stdin is no terminal, and shell needs one", "use k8s-executor run for a script");
  const named = (guest: Guest): string | undefined => line.shell ?? guest.defaults.shell;
  return execute(
    line,
    json,
    (guest) => named(guest) ?? "a shell",
    (guest) => {
      const name = named(guest);
      return guest.exec(name === undefined ? BEST : [name], { ...line.step, buffer: false });
    },
  );
}
