import { setTimeout as delay } from "node:timers/promises";

import { ExecutorError } from "../errors/index.ts";
import { fault, type CheckName, type Finding } from "./finding.ts";
import { byHand } from "./mend.ts";

/** Far more than any check takes, each of its entries having a timeout of its own. */
const PATIENCE_MS = 30_000;

/** An error's problem, without what to do about it. */
export function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message } = error;
  if (!(error instanceof ExecutorError)) return message.split("\n")[0] ?? message;
  const end = `; ${error.remedy}`;
  return message.endsWith(end) ? message.slice(0, -end.length) : message;
}

/** What to say of a check that failed in a way of its own. */
export function unexpected(check: CheckName, error: unknown): Finding {
  const remedy = error instanceof ExecutorError ? error.remedy : "report this, with the whole of doctor's output";
  return fault(check, "missing", {
    what: problemOf(error),
    effect: "this could not be checked",
    mend: byHand(remedy),
  });
}

/** Whatever a check throws is a finding, and so is one that does not end. */
export async function guarded(check: CheckName, body: () => Finding | Promise<Finding>): Promise<Finding> {
  const ended = new AbortController();
  const late = delay(PATIENCE_MS, undefined, { signal: ended.signal, ref: false }).then(() =>
    unexpected(check, new Error(`the check did not end within ${PATIENCE_MS / 1000} s`)),
  );
  late.catch(() => undefined);
  try {
    return await Promise.race([body(), late]);
  } catch (error) {
    return unexpected(check, error);
  } finally {
    ended.abort();
  }
}
