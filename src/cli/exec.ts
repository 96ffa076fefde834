import { execute } from "./execute.ts";
import type { JsonResult } from "./json-result.ts";
import type { CommandLine } from "./options.ts";
import { bytesOf, requireText } from "./raw-text.ts";
import { usageError } from "./usage-error.ts";

/** `k8s-executor exec`: a program without a shell. */
export async function exec(line: CommandLine, json?: JsonResult): Promise<number> {
  for (const option of ["script", "shell", "transport"] as const) {
    if (line[option] !== undefined) {
      throw usageError(`--${option} ${JSON.stringify(line[option])} is for scripts`, "use k8s-executor run");
    }
  }
  const [program] = line.positionals;
  if (program === undefined) throw usageError("no program is given", "write it, and its arguments, after our options");
  requireText("the program's name", program);
  const command = line.positionals.map(bytesOf);
  return execute(
    line,
    json,
    () => program,
    (guest) => guest.exec(command, { ...line.step, buffer: false }),
  );
}
