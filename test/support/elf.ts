import { readFileSync } from "node:fs";

/** Of a 64-bit little-endian ELF file, what a loader looks at: elf(5). */
export interface Elf {
  /** ET_DYN is 3. */
  type: number;
  segments: Segment[];
  /** The sections' types; empty in a file without section headers. */
  sectionTypes: number[];
  /** The dynamic section's values by tag. */
  dynamic: ReadonlyMap<bigint, bigint>;
}

export interface Segment {
  type: number;
  writable: boolean;
  executable: boolean;
}

/** Types of segments. */
export const PT = { load: 1, dynamic: 2, interpreter: 3, tls: 7, stack: 0x6474e551 } as const;
/** Types of sections that hold relocations. */
export const SHT = { rela: 4, rel: 9, relr: 19 } as const;
/** Tags of the dynamic section. */
export const DT = {
  needed: 1n,
  rela: 7n,
  rel: 17n,
  textrel: 22n,
  jmprel: 23n,
  relr: 36n,
  flags1: 0x6ffffffbn,
} as const;
/** In the value of DT.flags1. */
export const DF_1_PIE = 0x08000000n;

/** Reads the headers; throws where it is no such file. */
export function readElf(path: string): Elf {
  const file = readFileSync(path);
  if (file.toString("latin1", 0, 6) !== "\x7fELF\x02\x01")
    throw new Error(`${path} is no 64-bit little-endian ELF file`);
  const offset = (at: number): number => Number(file.readBigUInt64LE(at));
  const table = (at: number, size: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => at + index * size);

  const segments: Segment[] = [];
  const dynamic = new Map<bigint, bigint>();
  for (const at of table(offset(32), file.readUInt16LE(54), file.readUInt16LE(56))) {
    const flags = file.readUInt32LE(at + 4);
    const type = file.readUInt32LE(at);
    segments.push({
      type,
      writable: (flags & 2) !== 0,
      executable: (flags & 1) !== 0,
    });
    if (type !== PT.dynamic) continue;
    for (const entry of table(offset(at + 8), 16, offset(at + 32) / 16)) {
      const tag = file.readBigUInt64LE(entry);
      if (tag === 0n) break;
      dynamic.set(tag, file.readBigUInt64LE(entry + 8));
    }
  }
  const sectionTypes = table(offset(40), file.readUInt16LE(58), file.readUInt16LE(60)).map((at) =>
    file.readUInt32LE(at + 4),
  );
  return { type: file.readUInt16LE(16), segments, sectionTypes, dynamic };
}
