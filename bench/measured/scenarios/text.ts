import { createHash } from "node:crypto";
import type { Readable } from "node:stream";

import type { Work } from "../contenders/index.ts";

const LINE = "a line of the output of a build, neither short nor long\n";

/** So many megabytes of whole lines. */
export interface Text {
  bytes: number;
  lines: number;
  work: Work;
}

/** A program that prints about so many megabytes. */
export function textOf(megabytes: number): Text {
  const lines = Math.floor((megabytes * 1e6) / LINE.length);
  const bytes = lines * LINE.length;
  const script = `yes '${LINE.trimEnd()}' | head -c ${bytes}`;
  return { bytes, lines, work: { kind: "exec", command: () => ["sh", "-c", script] } };
}

/** The checksum of what it prints. */
export function checksumOf({ bytes }: Text): string {
  const hash = createHash("sha256");
  const block = Buffer.from(LINE.repeat(10_000));
  for (let left = bytes; left > 0; left -= block.length) hash.update(block.subarray(0, left));
  return hash.digest("hex");
}

/** Reads a stream to its end; throws where it is not as long as it should be. */
export async function readAll(stdout: Readable, bytes: number): Promise<void> {
  let length = 0;
  stdout.on("data", (chunk: Buffer) => (length += chunk.length));
  await new Promise((resolve) => stdout.once("end", resolve));
  if (length !== bytes) throw new Error(`${length} bytes of ${bytes} came`);
}
