import type { EndRecord } from "./record.ts";
import { signalName } from "./signal-name.ts";
import type { Ending } from "./types.ts";

/** The ending that a record tells of: wait(2)'s status taken apart. */
export function endingOf(record: EndRecord): Omit<Ending, "limitations" | "warnings" | "outOfMemory"> {
  const signal = record.waitStatus & 0x7f;
  return {
    exitCode: signal === 0 ? (record.waitStatus >> 8) & 0xff : undefined,
    signal: signal === 0 ? undefined : signalName(signal),
    isCoreDumped: (record.waitStatus & 0x80) !== 0 && signal !== 0,
    usage: {
      userCpuMs: Number(record.userMicroseconds) / 1000,
      systemCpuMs: Number(record.systemMicroseconds) / 1000,
      maxRssBytes: Number(record.maxRssKib) * 1024,
    },
    survivors: record.uncounted ? undefined : record.survivors,
    containerGone: record.targetGone,
    isOutputCut: record.outputCut,
  };
}
