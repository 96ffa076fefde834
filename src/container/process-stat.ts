import type { Proc } from "../system/index.ts";

/** What /proc/PID/stat tells, proc_pid_stat(5). */
export interface ProcessStat {
  /** The name of the program, as far as the kernel keeps it; the process may choose another. */
  command: string;
  /** "R", "S", "Z" and so on. */
  state: string;
  parent: number;
  group: number;
  isKernelThread: boolean;
  /** In clock ticks since boot: with the pid, the process's identity. */
  startTime: string;
  /** False in the moment of an execve in which the process has no environment yet. */
  hasEnvironment: boolean;
  /** How long its arguments were when it was started; 0 where we may not know. */
  argumentBytes: number;
}

const PF_KTHREAD = 0x00200000;

/** Reads DIR/stat, where DIR is a /proc/PID directory. */
export function readStat(proc: Proc, directory: string): ProcessStat {
  const text = proc.readLine(`${directory}/stat`);
  // The command may hold spaces and parentheses of its own, so count from the last one.
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 2).split(" ");
  return {
    command: text.slice(text.indexOf("(") + 1, end),
    state: fields[0] ?? "",
    parent: Number(fields[1]),
    group: Number(fields[2]),
    isKernelThread: (Number(fields[6]) & PF_KTHREAD) !== 0,
    startTime: fields[19] ?? "",
    hasEnvironment: fields[48] !== "0",
    argumentBytes: Number(fields[46] ?? 0) - Number(fields[45] ?? 0),
  };
}
