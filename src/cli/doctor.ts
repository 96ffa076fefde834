import { isatty } from "node:tty";

import { examine } from "../doctor/index.ts";
import { CONTAINER_OPTIONS, readContainer } from "./container-options.ts";
import { formatReport } from "./doctor-text.ts";
import { HELP } from "./help.ts";
import { output } from "./output.ts";
import { parseOptions } from "./parse-options.ts";

const OPTIONS = {
  container: CONTAINER_OPTIONS.container,
  pid: CONTAINER_OPTIONS.pid,
  "shared-root": CONTAINER_OPTIONS["shared-root"],
  "container-root": CONTAINER_OPTIONS["container-root"],
  config: CONTAINER_OPTIONS.config,
  "allow-degraded": CONTAINER_OPTIONS["allow-degraded"],
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** @returns Whether colours are wanted: on a terminal, unless no-color.org's variable says no. */
function wantsColors(): boolean {
  return isatty(1) && (process.env["NO_COLOR"] ?? "") === "";
}

/** `k8s-executor doctor`: 0 where a step would run, else 1. */
export async function doctor(args: readonly string[]): Promise<number> {
  const values = parseOptions("doctor", args, OPTIONS);
  const write = output(1);
  if (values.help) {
    await write(Buffer.from(HELP));
    return 0;
  }
  const report = await examine(readContainer(values));
  const text = values.json ? `${JSON.stringify(report)}\n` : formatReport(report, wantsColors());
  await write(Buffer.from(text));
  return report.ok ? 0 : 1;
}
