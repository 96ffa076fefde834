import { open, readdir, readlink } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

import { stepMark } from "../step/index.ts";

/** More than a process can be started with (6 MiB). */
const LIMIT = 6 * 1024 * 1024;
/** A container can make its processes' memory slow to read. That keeps a thread busy, not the event loop, nor us for longer. */
const PATIENCE_MS = 1000;

async function readEnvironment(pid: string): Promise<Buffer> {
  const file = await open(`/proc/${pid}/environ`);
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; total < LIMIT;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(64 * 1024));
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      total += bytesRead;
    }
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

/**
 * The processes of a step, wherever they are by now: those in this mount namespace that were started with its mark and have
 * not left it out for what they started.
 *
 * @param mountNamespace What /proc/PID/ns/mnt links to.
 */
export async function markedProcesses(id: string, mountNamespace: string): Promise<number[]> {
  const mark = Buffer.from(`${stepMark(id)}\0`);
  const isMarked = async (pid: string): Promise<boolean> => {
    try {
      if ((await readlink(`/proc/${pid}/ns/mnt`)) !== mountNamespace) return false;
      return (await readEnvironment(pid)).includes(mark);
    } catch {
      return false; // it has just ended, or we may not look into it
    }
  };
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const tooLate = delay(PATIENCE_MS, false, { ref: false });
  const found = await Promise.all(pids.map((pid) => Promise.race([isMarked(pid), tooLate])));
  return pids.filter((_, index) => found[index]).map(Number);
}
