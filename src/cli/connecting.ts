import { isatty } from "node:tty";
import { writeSync } from "node:fs";

import { connect, waitForReady, type Guest } from "../index.ts";
import type { CommandLine } from "./options.ts";

const CLEAR_LINE = "\r\x1b[2K";
/** A line that wraps could not be cleared. */
const MARGIN = 2;

/** One line on the terminal that shows what is being waited for; nothing at all where stderr is none. */
function showProgress(text: string): void {
  if (!isatty(2)) return;
  const width = (process.stderr.columns || 80) - MARGIN;
  writeSync(2, `${CLEAR_LINE}${`k8s-executor: waiting: ${text}`.slice(0, width)}`);
}

/** Connects, and waits for the container where that is asked for. */
export async function connectAsAsked({
  connect: options,
  wait,
  probe,
}: Pick<CommandLine, "connect" | "wait" | "probe">): Promise<Guest> {
  if (wait === undefined) return connect(options);
  let isShown = false;
  try {
    return await waitForReady({
      ...options,
      timeout: wait,
      probe,
      onProgress: (text) => {
        isShown = true;
        showProgress(text);
      },
    });
  } finally {
    if (isShown && isatty(2)) writeSync(2, CLEAR_LINE);
  }
}
