import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Far more than any of them takes: one that hangs shall be named. */
const PATIENCE_MS = 120_000;

/**
 * Runs a sanitized program and fails on any report, also of a fork whose own status nobody sees or whose stderr is a
 * pipe of the test.
 *
 * @param request What it finds at descriptor 3.
 * @returns What it printed.
 */
export function runSanitized(program: string, request: number | "ignore" = "ignore"): Buffer {
  const reports = `${program}.report`;
  const { status, signal, stdout, stderr } = spawnSync(program, [], {
    stdio: ["ignore", "pipe", "pipe", request],
    env: {
      ...process.env,
      ASAN_OPTIONS: `log_path=${reports}`,
      UBSAN_OPTIONS: `log_path=${reports}:print_stacktrace=1`,
    },
    maxBuffer: 64 * 1024 * 1024,
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
  });
  const directory = path.dirname(program);
  const found = readdirSync(directory)
    .filter((name) => name.startsWith(path.basename(reports)))
    .map((name) => readFileSync(path.join(directory, name), "utf8"));
  if (status === 0 && found.length === 0) return stdout;
  throw new Error([`${path.basename(program)} ended with ${status ?? signal}`, stderr.toString(), ...found].join("\n"));
}
