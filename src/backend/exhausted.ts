/** What ran out, by errno: why, and what to do. */
export const EXHAUSTED: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  EAGAIN: ["the limit of processes is reached", "raise the Pod's pids limit or run fewer steps at once"],
  ENOMEM: ["memory ran out", "raise the memory limit of the agent's container"],
  EMFILE: ["the limit of open files is reached", "raise ulimit -n or run fewer steps at once"],
  ENFILE: ["the machine's limit of open files is reached", "run fewer steps at once"],
};
