import type { SharedRoot } from "../step/index.ts";

/** Which container, and from where. */
export interface Subject {
  label: string;
  name: string | undefined;
  id: string | undefined;
  pid: number;
  /** The user of its main process. */
  uid: number | undefined;
  isChosen: boolean;
  /** The name of the agent's container. */
  agent: string;
  sharedRoot: SharedRoot | undefined;
  /** The configuration's file. */
  config: string | undefined;
  /** Whether nsenter may be used. */
  allowDegraded: boolean;
}

/** What stands for a container's name in a manifest where it is not known. */
export const UNKNOWN = "build";
