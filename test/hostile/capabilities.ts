import { readFileSync } from "node:fs";

import { Violation } from "./case.ts";

/** The capability sets in lines of a /proc/PID/status. */
export function capabilitiesIn(text: string): bigint[] {
  return [...text.matchAll(/\bCap(?:Eff|Prm|Bnd|Amb):\s*([0-9a-f]{16})/g)].map(([, mask]) => BigInt(`0x${mask}`));
}

/** What a process can ever have. */
export function boundingSetOf(pid: number): bigint {
  const mask = /^CapBnd:\s*([0-9a-f]{16})$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return BigInt(`0x${mask}`);
}

/** Throws a Violation where there is one that is not within the guest's. */
export function requireWithin(what: string, text: string, bounding: bigint): void {
  const sets = capabilitiesIn(text);
  if (sets.length === 0) throw new Error(`${what} says nothing of capabilities: ${JSON.stringify(text)}`);
  if (sets.some((set) => (set & ~bounding) !== 0n)) {
    throw new Violation(`${what} has more capabilities than ${bounding.toString(16)}: ${text}`);
  }
}
