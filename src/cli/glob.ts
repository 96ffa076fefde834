import { usageError } from "./usage-error.ts";

/** The names that a glob means: `*` is any text, `?` one character, all else itself; upper and lower case differ. */
export function parseGlob(option: string, glob: string): RegExp {
  if (glob === "") throw usageError(`${option} "" names no variable`, "give a name, or a glob as APP_*");
  if (glob.includes("=")) {
    throw usageError(`${option} takes a name without a value`, "use --env NAME=VALUE or --env-file to set a variable");
  }
  const pattern = glob
    .replaceAll(/[.+^${}()|[\]\\/]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${pattern}$`, "su");
}
