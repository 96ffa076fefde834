import { spawnSync } from "node:child_process";

/** Runs a program, and answers what it printed; throws where it fails. */
export function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${stderr}`);
  return stdout;
}

/** The path of a program of this machine. */
export function whereIs(program: string): string {
  return output("sh", ["-c", `command -v ${program}`]).trim();
}
