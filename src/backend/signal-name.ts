import os from "node:os";

/** The name of a signal, such as "SIGTERM" for 15. */
export function signalName(number: number): NodeJS.Signals {
  for (const [name, value] of Object.entries(os.constants.signals)) {
    if (value === number) return name as NodeJS.Signals;
  }
  // A real-time signal: node:os names none of them.
  return `SIG${number}` as NodeJS.Signals;
}
