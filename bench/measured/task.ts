/** What can be measured; each is a file of scenarios/. */
export const SCENARIOS = [
  "startup",
  "held",
  "throughput",
  "output",
  "masking",
  "memory",
  "command-line",
  "latency",
  "connect",
  "discovery",
] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

/** Ways to start a program, in the order in which they take turns. */
export const CONTENDERS = ["native", "helper", "nsenter-backend", "nsenter", "spawn", "podman", "floor"] as const;
export type ContenderName = (typeof CONTENDERS)[number];

/** What a throw-away guest has apart from us: its mount namespace alone, as in a Pod, or all. */
export const GUESTS = ["mnt", "all"] as const;
export type GuestKind = (typeof GUESTS)[number];

export type Unit = "ms" | "per second" | "MB/s" | "KB" | "MB";

/** What one runtime is asked to measure, in one guest. */
export interface Task {
  scenario: ScenarioName;
  /** Where the package is, with its dist/. */
  repository: string;
  guest: { pid: number; sharedRoot: string; containerRoot: string };
  /** Rounds that count; without it each scenario has its own number. */
  rounds?: number | undefined;
  /** As few rounds and bytes as show that it works. */
  isQuick: boolean;
  /** Megabytes of memory that the worker holds; only "held" and "throughput" look at it. */
  heldMB?: readonly number[] | undefined;
  contenders: readonly ContenderName[];
  /** Only these cases; without it all. */
  cases?: readonly string[] | undefined;
  /** Contenders that this machine has not got, and why. */
  unavailable: Readonly<Partial<Record<ContenderName, string>>>;
  /** Programs that were compiled on the spot. Those that run in a container are in the guest's shared directory too. */
  programs: { floor: string; crowd: string };
  /** A directory for what is needed meanwhile; whoever gives the task removes it. */
  scratch: string;
  /** Options of nsenter beyond those that each version has. */
  nsenterOptions: readonly string[];
  podman?: PodmanExec | undefined;
}

/** How `podman exec` reaches a container that sees the guest's shared directory where the guest does. */
export interface PodmanExec {
  command: readonly string[];
  container: string;
  env: Readonly<Record<string, string>>;
}

/** The samples of one contender in one case, a place for each round; null where it did not take part. */
export interface Series {
  case: string;
  contender: string;
  unit: Unit;
  samples: (number | null)[];
}

/** What was not measured, and why. */
export interface Missing {
  contender: string;
  reason: string;
}

/** Series that took turns in the same rounds, so that they can be compared. */
export interface Group {
  /** What the others are compared with; a contender. */
  base: string;
  heldMB: number;
  series: Series[];
  missing: Missing[];
}
