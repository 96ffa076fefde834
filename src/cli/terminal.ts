import { spawnSync } from "node:child_process";
import { isatty } from "node:tty";

import type { Step, TerminalSize } from "../index.ts";
import { findOwnProgram } from "../system/index.ts";
import { say } from "./say.ts";

/** The size of our own terminal; undefined where stdout is none, or one that does not know. */
export function ownTerminalSize(): TerminalSize | undefined {
  // Looked at only where it is a terminal: process.stdout changes what it stands for.
  if (!isatty(1)) return undefined;
  const [columns, rows] = process.stdout.getWindowSize();
  return columns > 0 && rows > 0 ? { columns, rows } : undefined;
}

/** What the runtime calls raw still turns each newline into CR and LF; it is the step's terminal that does so. */
function takeKeyboard(): void {
  process.stdin.setRawMode(true);
  const stty = findOwnProgram("stty");
  const ended = stty && spawnSync(stty, ["-opost"], { env: {}, stdio: ["inherit", "ignore", "ignore"] });
  if (!ended || ended.status !== 0) say("note: without stty, full-screen programs may be drawn wrongly");
}

/**
 * Makes our terminal the front of the step's: its size follows ours, and where our stdin is passed on, what is typed goes
 * to the step as it is, Ctrl-C too.
 *
 * @param passesInput Whether our stdin is passed on.
 * @returns What gives the terminal back as it was; at an exit that comes first, the runtime does.
 */
export function lendTerminal(step: Step, passesInput: boolean): () => void {
  const onResize = (): void => {
    const size = ownTerminalSize();
    if (size) step.resize(size);
  };
  const hasScreen = isatty(1);
  const hasKeyboard = passesInput && isatty(0);
  if (hasScreen) {
    process.stdout.on("resize", onResize);
    // It may have changed since the step was prepared.
    onResize();
  }
  if (hasKeyboard) takeKeyboard();
  return () => {
    if (hasScreen) process.stdout.off("resize", onResize);
    if (hasKeyboard) process.stdin.setRawMode(false);
  };
}
