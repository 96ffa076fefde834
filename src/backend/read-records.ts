import type { Readable } from "node:stream";

import { RECORD_SIZE } from "./record.ts";

/** Calls back with each whole record that comes. */
export function readRecords(stream: Readable, onRecord: (record: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + RECORD_SIZE <= bytes.length; at += RECORD_SIZE) onRecord(bytes.subarray(at, at + RECORD_SIZE));
    rest = bytes.subarray(at);
  });
}
