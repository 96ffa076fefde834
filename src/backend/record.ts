import { ATTRIBUTES, type AttributeName } from "../container/index.ts";
import type { TerminalSize } from "../step/index.ts";
import { STAGES, type Stage } from "./stage.ts";

// The layout is that of struct record in native/record.h.
export const RECORD_SIZE = 64;
/** On the control pipe: also wait for the whole tree to end. */
export const CONTROL_END = 0x80;
/** On the control pipe: the terminal's size follows. */
const CONTROL_RESIZE = 0x7f;
const KIND_ENDED = 2;
const FLAG = {
  targetGone: 1,
  unreaped: 2,
  scriptLeft: 4,
  outputCut: 8,
  relayed: 16,
  subreaperLost: 32,
  uncounted: 64,
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
}

/** The message that changes the size of the step's terminal. */
export function encodeResize({ columns, rows }: TerminalSize): Buffer {
  const message = Buffer.of(CONTROL_RESIZE, 0, 0, 0, 0);
  message.writeUInt16LE(columns, 1);
  message.writeUInt16LE(rows, 3);
  return message;
}

/** The record of the end; undefined where the helper died before writing it. */
export function decodeEnd(record: Buffer): EndRecord | undefined {
  if (record.length !== RECORD_SIZE || record.readUInt32LE(0) !== KIND_ENDED) return undefined;
  const flags = record.readUInt32LE(4);
  const kept = record.readUInt32LE(28);
  return {
    stage: STAGES[record.readUInt32LE(8)] ?? "none",
    errno: record.readInt32LE(12),
    detail: record.readUInt32LE(16),
    waitStatus: record.readInt32LE(20),
    survivors: record.readUInt32LE(24),
    userMicroseconds: record.readBigUInt64LE(32),
    systemMicroseconds: record.readBigUInt64LE(40),
    maxRssKib: record.readBigUInt64LE(48),
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
    cgroupErrno: record.readInt32LE(56),
    group: record.readInt32LE(60),
  };
}

/** Whether the status pipe says at its end that all of the step's output was passed on. */
export function isDelivered(bytes: Buffer): boolean {
  const isRelayed = bytes.length >= RECORD_SIZE && (bytes.readUInt32LE(4) & FLAG.relayed) !== 0;
  return !isRelayed || bytes.length > RECORD_SIZE;
}
