import { execute } from "./execute.ts";
import type { JsonResult } from "./json-result.ts";
import type { CommandLine } from "./options.ts";
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
  return execute(
    line,
    json,
    () => program,
    (guest) => guest.exec(line.positionals, { ...line.step, buffer: false }),
  );
}
