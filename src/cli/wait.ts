import { connectAsAsked } from "./connecting.ts";
import { CONTAINER_OPTIONS, readContainer, readWait } from "./container-options.ts";
import { HELP } from "./help.ts";
import { parseOptions } from "./parse-options.ts";

const OPTIONS = { ...CONTAINER_OPTIONS, help: { type: "boolean", short: "h" } } as const;
const DEFAULT_WAIT_MS = 60_000;

/** `k8s-executor wait`: ends with 0 when a container is there and, with a probe, ready. */
export async function wait(args: readonly string[]): Promise<number> {
  const { help, ...values } = parseOptions("wait", args, OPTIONS);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const waiting = readWait({ ...values, wait: values.wait ?? `${DEFAULT_WAIT_MS}ms` });
  (await connectAsAsked({ connect: readContainer(values), ...waiting })).close();
  return 0;
}
