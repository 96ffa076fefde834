/** What the checks of the agent go by. */
export interface AgentFacts {
  /** The name of its container; where it is not known, one that stands for it. */
  name: string;
  /** What became of the containers: for what was entered, nothing can be missing that it takes. */
  entered: "all" | "some" | "none";
  /** Whether nsenter may be used. */
  allowDegraded: boolean;
}
