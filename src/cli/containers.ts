import { containers } from "../index.ts";
import { toJson, toTable } from "./containers-text.ts";
import { HELP } from "./help.ts";
import { parseOptions } from "./parse-options.ts";

const OPTIONS = { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

/** `k8s-executor containers`: what containers there are, as a table or as JSON. */
export async function listContainers(args: readonly string[]): Promise<number> {
  const { json, help } = parseOptions("containers", args, OPTIONS);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const infos = await containers();
  process.stdout.write(`${json ? toJson(infos) : toTable(infos)}\n`);
  return 0;
}
