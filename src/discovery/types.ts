import type { ContainerName, NamespaceName } from "../container/index.ts";

/** What a container is to us. */
export type ContainerRole =
  /** The one that this process is in. */
  | "agent"
  /** The Pod's own: it keeps the namespaces, and nothing is run there. */
  | "pause"
  /** Any other: steps can be run in it. */
  | "guest";

/** What a container's cgroup has used, and what it may use. Undefined: it cannot be seen from here. */
export interface CgroupUse {
  memoryBytes: number | undefined;
  /** Infinity where there is none. */
  memoryLimitBytes: number | undefined;
  /** Since the container's start. */
  cpuSeconds: number | undefined;
  /** How many processors it may use at once; Infinity where there is no limit. */
  cpuLimit: number | undefined;
}

/** One container, as seen through /proc. */
export interface ContainerInfo {
  role: ContainerRole;
  /** The first of its names. */
  name: string | undefined;
  /** Any of them names it. */
  names: readonly ContainerName[];
  /** Of its main process, as our /proc counts. */
  pid: number;
  startedAt: Date;
  /** Of its main process, as our user namespace counts. */
  uid: number;
  /** Its user's name in its own /etc/passwd. */
  user: string | undefined;
  /** The command line of its main process, whatever that process made of it. */
  command: readonly string[];
  /** What its runtime calls it, 64 hexadecimal digits, from the path of its cgroup. */
  id: string | undefined;
  state: "running" | "stopped" | "being created";
  /** Those that it shares with us. Undefined where we may not look. */
  sharedNamespaces: readonly NamespaceName[] | undefined;
  /** How many processes we see in it. */
  processes: number;
  cgroup: CgroupUse;
  /** Why it cannot be entered: the message of the error that connect() would throw. */
  obstacle: string | undefined;
}
