import { randomBytes, randomInt } from "node:crypto";
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";

import { scriptPath, type SharedRoot } from "./shared-root.ts";

/** A mark has a whole number of milliseconds where this divides the last 48 bits of the name (native/step/owner.c). */
const NANOSECONDS = 1_000_000;
/** So that a time in seconds is no rounded number. */
const STEP_MS = 125;

/**
 * A file in the shared root that the next connect() there removes, should we be killed before we do. Only between a write and
 * the mark that follows it at once, it would not be known as ours.
 */
export interface MarkedFile {
  readonly name: string;
  /** Its device and number: what a container put in its place is another. */
  isSame(fd: number): boolean;
  /** Replaces what it holds. */
  write(text: string): void;
  read(limit: number): string;
  /** To be called after somebody else has written to it. */
  mark(): void;
  /** Whether nobody has removed it meanwhile: to another agent it is one that a crash left. */
  isThere(): boolean;
  remove(): void;
}

/** A UUID version 7, of this moment but for some milliseconds. */
function recoverableName(milliseconds: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(milliseconds, 0, 6);
  bytes[6] = 0x70 | (bytes.readUInt8(6) & 0x0f);
  bytes[8] = 0x80 | (bytes.readUInt8(8) & 0x3f);
  bytes.writeUIntBE(randomInt(Math.floor(2 ** 48 / NANOSECONDS)) * NANOSECONDS, 10, 6);
  return `${bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}.sh`;
}

/** Makes such a file, empty: never through a link, never over what is there. Throws node:fs errors. */
export function makeMarkedFile(root: SharedRoot): MarkedFile {
  const milliseconds = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  const name = recoverableName(milliseconds);
  const path = scriptPath({ name }, root);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
  const fd = openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_RDWR, 0o600);
  const mark = (): void => {
    try {
      futimesSync(fd, milliseconds / 1000, milliseconds / 1000);
    } catch {
      // A volume that keeps no times as they are set: after a crash, its files are not known as ours.
    }
  };
  const remove = (): void => {
    closeSync(fd);
    try {
      unlinkSync(path);
    } catch {
      // Removed by another agent, or it is a directory of the container's making.
    }
  };
  let own: BigIntStats;
  try {
    own = fstatSync(fd, { bigint: true });
    mark();
  } catch (error) {
    remove();
    throw error;
  }
  return {
    name,
    isSame(other) {
      const { dev, ino } = fstatSync(other, { bigint: true });
      return dev === own.dev && ino === own.ino;
    },
    write(text) {
      writeSync(fd, text, 0);
      mark();
    },
    read(limit) {
      const buffer = Buffer.alloc(limit);
      return buffer.toString("utf8", 0, readSync(fd, buffer, 0, limit, 0));
    },
    mark,
    isThere: () => fstatSync(fd).nlink > 0,
    remove,
  };
}
