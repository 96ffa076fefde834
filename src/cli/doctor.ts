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
function wantsColors(ours: ReadonlyMap<string, Buffer>): boolean {
  return isatty(1) && (ours.get("NO_COLOR")?.length ?? 0) === 0;
}

/** `k8s-executor doctor`: 0 where a step would run, else 1. */
export async function doctor(args: readonly string[], ours: ReadonlyMap<string, Buffer>): Promise<number> {
  const values = parseOptions("doctor", args, OPTIONS);
  const write = output(1);
  if (values.help) {
    await write(Buffer.from(HELP));
    return 0;
  }
  const report = await examine(readContainer(values));
  const text = values.json ? `${JSON.stringify(report)}\n` : formatReport(report, wantsColors(ours));
  await write(Buffer.from(text));
  return report.ok ? 0 : 1;
}
