import { readFileSync } from "node:fs";
import os from "node:os";

/** Those that the runtime needs or ignores itself, that come from a fault of the process, or that cannot be ignored. */
const RUNTIMES: ReadonlySet<string> = new Set(
  ["KILL", "STOP", "CHLD", "PIPE", "PROF", "XFSZ", "ILL", "TRAP", "ABRT", "IOT", "BUS", "FPE", "SEGV", "SYS"].map(
    (name) => `SIG${name}`,
  ),
);

/** The signals that were ignored when we started, as a bit each. Node has reset them by now, so launcher.sh looks first. */
function readMask(): bigint {
  const told = process.env["K8S_EXECUTOR_IGNORED_SIGNALS"];
  if (told !== undefined && /^[0-9a-f]+$/.test(told)) return BigInt(`0x${told}`);
  try {
    const [, mask = "0"] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
    return BigInt(`0x${mask}`);
  } catch {
    // Deno without --allow-all; Node has none anyway.
    return 0n;
  }
}

const ignored = new Set<string>();

/** Whether a signal was ignored when we started, as by nohup: then it neither ends us nor is it for the step. */
export function isIgnored(signal: NodeJS.Signals): boolean {
  return ignored.has(signal);
}

/** Keeps the signals ignored that were ignored when we started, as nsenter and shells do. */
export function keepIgnoredSignals(): void {
  const mask = readMask();
  if (mask === 0n) return;
  for (const [name, number] of Object.entries(os.constants.signals)) {
    if (RUNTIMES.has(name) || ((mask >> BigInt(number - 1)) & 1n) === 0n) continue;
    ignored.add(name);
    process.on(name as NodeJS.Signals, () => undefined);
  }
}
