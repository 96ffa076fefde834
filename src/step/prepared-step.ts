import type { Identity } from "../container/index.ts";

/** How a script gets into the container. */
export type Transport = "file" | "memfd";

/** A script on its way. */
export interface StepScript {
  bytes: Buffer;
  transport: Transport;
  /** The file's name in the shared root; "" for a memfd. */
  name: string;
  /** Whether a caller asked for a file. If not, a script whose file the step's user cannot read travels in memory. */
  isFileWanted: boolean;
}

/** In characters. */
export interface TerminalSize {
  columns: number;
  rows: number;
}

/** Everything that is to be executed, in the container's terms. Nothing here refers to the agent. */
export interface PreparedStep {
  /** Unique; in its environment. */
  id: string;
  /** What was asked for, for messages: the shell or the program. */
  command: string;
  /** The paths to try, in order. */
  candidates: string[];
  /** argv, the program itself first. */
  arguments: readonly Buffer[];
  /** `NAME=value` each. */
  environment: Buffer[];
  cwd: string;
  /** Whether a caller asked for that directory; if not, a step that cannot be there runs in "/". */
  isCwdWanted: boolean;
  /** Who it is to be. */
  identity: Identity;
  /** Whether it keeps the agent's capabilities. */
  isPrivileged: boolean;
  /** Whether what it leaves in the background is ended. */
  killsLeftovers: boolean;
  script: StepScript | undefined;
  /** What is not as it would be asked for, as far as that is known before the start. */
  warnings: readonly string[];
  /** Its streams are a terminal of the container. */
  terminal: TerminalSize | undefined;
}
