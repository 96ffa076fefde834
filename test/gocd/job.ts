/** One task of a job, as the agent knows it. */
export interface Job {
  /** The task's program, looked for in the agent's PATH. */
  command: string;
  arguments: readonly string[];
  /** What GoCD adds to the agent's own environment. */
  variables: Readonly<Record<string, string>>;
  /** The pipeline's name: the task starts in pipelines/NAME below the agent's own directory. */
  pipeline: string;
  /** The task's own working directory, below the pipeline's. */
  workingDirectory?: string;
  /** Somebody cancels the job when these lines have come, one cancellation for each. */
  cancelOn?: readonly string[];
}

/** What the agent says, one in a line. */
export type AgentEvent =
  | { stream: "stdout" | "stderr"; line: string }
  | { cancel: "SIGTERM" | "SIGKILL"; signalled: number[] }
  | { status: number | null; signal: string | null };
