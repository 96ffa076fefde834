import { invalidOption } from "../errors/index.ts";
import type { TerminalSize } from "./prepared-step.ts";

const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };
/** The kernel's struct winsize counts in 16 bits. */
const MAX_SIZE = 65_535;

/** @throws ExecutorError INVALID_OPTION. */
export function requireTerminalSize(size: Partial<TerminalSize>): TerminalSize {
  if (typeof size !== "object" || size === null) {
    throw invalidOption(`the terminal's size is ${JSON.stringify(size) ?? "missing"}`, "give { columns, rows }");
  }
  const requireCount = (name: string, count: unknown): number => {
    if (Number.isInteger(count) && (count as number) >= 1 && (count as number) <= MAX_SIZE) return count as number;
    throw invalidOption(
      `the terminal's ${name} are ${JSON.stringify(count) ?? "missing"}`,
      `give a whole number from 1 to ${MAX_SIZE}`,
    );
  };
  return { columns: requireCount("columns", size.columns), rows: requireCount("rows", size.rows) };
}

/** What the option `tty` asks for. @throws ExecutorError INVALID_OPTION. */
export function terminalOf(tty: boolean | TerminalSize | undefined): TerminalSize | undefined {
  if (tty === undefined || tty === false) return undefined;
  if (tty === true) return DEFAULT_SIZE;
  if (typeof tty !== "object" || tty === null) {
    throw invalidOption(`the option tty is ${JSON.stringify(tty)}`, "give true or { columns, rows }");
  }
  return requireTerminalSize(tty);
}
