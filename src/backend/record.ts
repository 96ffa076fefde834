import os from "node:os";

import { ATTRIBUTES, type AttributeName } from "../container/index.ts";
import { SystemError } from "../errors/index.ts";
import type { TerminalSize } from "../step/index.ts";
import { STAGES, type Stage } from "./stage.ts";

// The layout is that of struct record in native/step/record.h.
export const RECORD_SIZE = 80;
/** On the control pipe: also wait for the whole tree to end. */
export const CONTROL_END = 0x80;
/** On the control pipe: the terminal's size follows. */
const CONTROL_RESIZE = 0x7f;
/** enum record_kind. */
export const RECORD_KIND = { ready: 1, ended: 2, output: 3, delivered: 4, refused: 5, lost: 6, proven: 7 } as const;
const FLAG = {
  targetGone: 1,
  unreaped: 2,
  scriptLeft: 4,
  outputCut: 8,
  relayed: 16,
  subreaperLost: 32,
  uncounted: 64,
  scriptInMemory: 256,
  residentLost: 512,
} as const;
/** From this bit of `kept` on, one for each of ATTRIBUTES. */
const KEPT_ATTRIBUTES = 8;
const KEPT = { cgroup: 1, oomScore: 2, limits: 4, groups: 8 } as const;

/** What the helper reported at the end. */
export interface EndRecord {
  stage: Stage;
  /** 0 where the stage did not fail. */
  errno: number;
  /** The CLONE_NEW* flag of a namespace that could not be joined. */
  detail: number;
  waitStatus: number;
  survivors: number;
  /** The survivors are only those that were found. */
  uncounted: boolean;
  userMicroseconds: bigint;
  systemMicroseconds: bigint;
  maxRssKib: bigint;
  targetGone: boolean;
  unreaped: boolean;
  scriptLeft: boolean;
  /** What stood between the supervisor and the step was killed. */
  subreaperLost: boolean;
  /** The resident was killed, and the keeper ended the step for that. */
  residentLost: boolean;
  /** A record follows when all output was passed on. */
  relayed: boolean;
  /** What copied the output was killed. */
  outputCut: boolean;
  /** Where it has the agent's, for the kernel did not allow it the container's. */
  keptCgroup: boolean;
  keptOomScore: boolean;
  keptLimits: boolean;
  keptGroups: boolean;
  keptAttributes: readonly AttributeName[];
  /** Why the cgroup was not joined. */
  cgroupErrno: number;
  /** The step's process group; 0 where it is not known. */
  group: number;
  /** Why the step is in "/" rather than in its directory; 0 where it is there. */
  cwdErrno: number;
  /** Why the script file could not be given to the step's user; 0 where it is that user's. */
  scriptErrno: number;
  /** The step had its script in memory, for it could not read the file. */
  scriptInMemory: boolean;
}

/** The message that changes the size of the step's terminal. */
export function encodeResize({ columns, rows }: TerminalSize): Buffer {
  const message = Buffer.of(CONTROL_RESIZE, 0, 0, 0, 0);
  message.writeUInt16LE(columns, 1);
  message.writeUInt16LE(rows, 3);
  return message;
}

/** The record of the end; undefined where its keeper died before writing it. */
export function decodeEnd(record: Buffer): EndRecord | undefined {
  if (record.length !== RECORD_SIZE || record.readUInt32LE(0) !== RECORD_KIND.ended) return undefined;
  const flags = record.readUInt32LE(8);
  const kept = record.readUInt32LE(32);
  return {
    stage: STAGES[record.readUInt32LE(12)] ?? "none",
    errno: record.readInt32LE(16),
    detail: record.readUInt32LE(20),
    waitStatus: record.readInt32LE(24),
    survivors: record.readUInt32LE(28),
    userMicroseconds: record.readBigUInt64LE(56),
    systemMicroseconds: record.readBigUInt64LE(64),
    maxRssKib: record.readBigUInt64LE(72),
    residentLost: (flags & FLAG.residentLost) !== 0,
    relayed: (flags & FLAG.relayed) !== 0,
    uncounted: (flags & FLAG.uncounted) !== 0,
    targetGone: (flags & FLAG.targetGone) !== 0,
    unreaped: (flags & FLAG.unreaped) !== 0,
    scriptLeft: (flags & FLAG.scriptLeft) !== 0,
    subreaperLost: (flags & FLAG.subreaperLost) !== 0,
    outputCut: (flags & FLAG.outputCut) !== 0,
    keptCgroup: (kept & KEPT.cgroup) !== 0,
    keptOomScore: (kept & KEPT.oomScore) !== 0,
    keptLimits: (kept & KEPT.limits) !== 0,
    keptGroups: (kept & KEPT.groups) !== 0,
    keptAttributes: ATTRIBUTES.filter((_, index) => ((kept >>> (KEPT_ATTRIBUTES + index)) & 1) !== 0),
    cgroupErrno: record.readInt32LE(36),
    group: record.readInt32LE(40),
    cwdErrno: record.readInt32LE(44),
    scriptErrno: record.readInt32LE(48),
    scriptInMemory: (flags & FLAG.scriptInMemory) !== 0,
  };
}

/** The error that a resident had instead of a keeper; undefined for another record. */
export function decodeRefusal(record: Buffer): SystemError | undefined {
  if (record.length !== RECORD_SIZE || record.readUInt32LE(0) !== RECORD_KIND.refused) return undefined;
  return new SystemError("clone", record.readInt32LE(16));
}

/** The record of a step that could not be handed to a resident: read as what the resident itself says of such a one. */
export function encodeRefusal(error: unknown): Buffer {
  const record = Buffer.alloc(RECORD_SIZE);
  record.writeUInt32LE(RECORD_KIND.refused, 0);
  const numbers: Readonly<Record<string, number>> = os.constants.errno;
  record.writeInt32LE((error instanceof SystemError ? numbers[error.code] : undefined) ?? os.constants.errno.EIO, 16);
  return record;
}

/** What the relay says once all that the step wrote has been passed on. */
export interface Delivery {
  /** Nothing was lost on the way. */
  isWhole: boolean;
  /** A bit for each stream that something else still holds open. */
  open: number;
}

/** The record of a delivery. */
export function decodeDelivery(record: Buffer): Delivery {
  return { isWhole: (record.readUInt32LE(8) & FLAG.outputCut) === 0, open: record.readUInt32LE(20) };
}
