import { writeSync } from "node:fs";

/** One line of our own, on stderr. */
export function say(text: string): void {
  try {
    writeSync(2, `k8s-executor: ${text.replace(/\s*\n\s*/g, " ")}\n`);
  } catch {
    // Nobody reads stderr; the exit status still tells.
  }
}
