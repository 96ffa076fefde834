import { ExecutorError } from "../index.ts";
import { connectAsAsked } from "./connecting.ts";
import { CONTAINER_OPTIONS, readContainer, readWait, targetVariable } from "./container-options.ts";
import { HELP } from "./help.ts";
import { parseOptions } from "./parse-options.ts";

const OPTIONS = { ...CONTAINER_OPTIONS, help: { type: "boolean", short: "h" } } as const;
const DEFAULT_WAIT = "60s";

/**
 * `k8s-executor wait`: ends with 0 when a container is there and, with a probe, ready. Where nothing says which one, any will do:
 * tasks choose for themselves.
 */
export async function wait(args: readonly string[]): Promise<number> {
  const { help, ...values } = parseOptions("wait", args, OPTIONS);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const connect = readContainer(values);
  const waiting = readWait({ ...values, wait: values.wait ?? DEFAULT_WAIT });
  const isAny = connect.pid === undefined && connect.container === undefined && waiting.probe === undefined;
  try {
    const line = { connect, targetVariable: targetVariable(values), ...waiting, announces: true };
    (await connectAsAsked(line)).close();
  } catch (error) {
    if (!(isAny && error instanceof ExecutorError && error.code === "TARGET_AMBIGUOUS")) throw error;
  }
  return 0;
}
