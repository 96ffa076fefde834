import type { ScenarioName } from "./measured/index.ts";

/** The median of a contender in a case. */
export interface Term {
  case: string;
  contender: string;
}

/** A median, or a ratio of two medians of one run, and what it is to be. */
export interface Target {
  text: string;
  scenario: ScenarioName;
  heldMB: number;
  /** Only in runtimes whose name begins so. */
  runtime?: "node" | "deno";
  of: Term;
  to?: Term;
  is: "at most" | "at least";
  limit: number;
}

const START = { scenario: "startup", heldMB: 0, is: "at most" } as const;
const TRUE = "exec true";
const native = (name: string): Term => ({ case: name, contender: "native" });

function startedBy(contender: string, more: Pick<Target, "limit"> & Partial<Target>): Target {
  const { heldMB = 0, runtime } = more;
  const where = [...(runtime ? [runtime] : []), `${heldMB} MB held`].join(", ");
  const text = `native / ${contender}, ${where}`;
  return { ...START, text, of: native(TRUE), to: { case: TRUE, contender }, ...more };
}

function scriptBy(transport: "file" | "memfd"): Target {
  const name = `run by ${transport}`;
  const text = `${name} / exec of the same shell and script`;
  return { ...START, text, of: native(name), to: native("exec sh -c SCRIPT"), limit: 1.25 };
}

/** What the package is to reach; each figure is one of the tables before. */
export const TARGETS: readonly Target[] = [
  startedBy("nsenter", { limit: 0.3 }),
  startedBy("nsenter", { scenario: "held", heldMB: 500, limit: 0.04 }),
  startedBy("nsenter", { scenario: "held", heldMB: 2000, limit: 0.02 }),
  startedBy("spawn", { runtime: "node", limit: 0.6 }),
  startedBy("spawn", { runtime: "deno", limit: 0.95 }),
  startedBy("floor", { limit: 2 }),
  scriptBy("file"),
  scriptBy("memfd"),
  {
    text: "500 started in one turn, steps per second",
    scenario: "throughput",
    heldMB: 0,
    of: native("500 in one turn"),
    is: "at least",
    limit: 1000,
  },
  {
    text: "500 started in one turn, native / nsenter, 500 MB held",
    scenario: "throughput",
    heldMB: 500,
    of: native("500 in one turn"),
    to: { case: "500 in one turn", contender: "nsenter" },
    is: "at least",
    limit: 20,
  },
  ...["64 kept running", "64 in one turn"].map((name): Target => ({
    text: `${name}, event loop p99, ms`,
    scenario: "throughput",
    heldMB: 0,
    of: native(`${name}: event loop p99`),
    is: "at most",
    limit: 5,
  })),
  {
    text: "stdout, native / spawn, MB/s",
    scenario: "output",
    heldMB: 0,
    of: native("one stream"),
    to: { case: "one stream", contender: "spawn" },
    is: "at least",
    limit: 1,
  },
  {
    text: "the helper's memory, KB",
    scenario: "memory",
    heldMB: 0,
    of: native("one step: its first process"),
    is: "at most",
    limit: 100,
  },
  {
    text: "growth of our own memory over 20,000 steps, MB",
    scenario: "memory",
    heldMB: 0,
    of: native("growth of our own memory over 20000 steps"),
    is: "at most",
    limit: 10,
  },
  {
    text: "the command line / node -e 0",
    scenario: "command-line",
    heldMB: 0,
    of: { case: "whole process", contender: "k8s-executor" },
    to: { case: "whole process", contender: "node -e 0" },
    is: "at most",
    limit: 1.25,
  },
  {
    text: "discovery among 500 processes, ms",
    scenario: "discovery",
    heldMB: 0,
    of: { case: "500 processes", contender: "containers()" },
    is: "at most",
    limit: 10,
  },
];
