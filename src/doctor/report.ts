import type { Finding } from "./finding.ts";
import type { EntryTime } from "./entry.ts";

/** What was found of one container. */
export interface ContainerReport {
  /** What it is called in messages. */
  label: string;
  name: string | undefined;
  id: string | undefined;
  pid: number;
  /** Whether the summary is of it. */
  isChosen: boolean;
  checks: readonly Finding[];
  /** Whether a step would run in it, be it a program only. */
  runs: boolean;
  /** Whether a script would, too, by the shell that it has by default. */
  runsScripts: boolean;
  /** That would be used. */
  backend: string | undefined;
  backendReason: string | undefined;
  /** What that backend, or a step by it, cannot do. */
  limitations: readonly string[];
  entry: EntryTime | undefined;
}

/** All that was found. */
export interface Report {
  /** Whether a step would run in each container that is chosen; none being chosen, in every one. */
  ok: boolean;
  agent: { name: string | undefined; pid: number; uid: number; checks: readonly Finding[] };
  containers: readonly ContainerReport[];
  /** A sentence for each. */
  summary: readonly string[];
}
