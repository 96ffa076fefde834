import type { BackendName, connect, Guest } from "../../src/index.ts";

/** A container to test against, as the code under test is told of it. */
export interface Target {
  pid: number;
  sharedRoot: string;
  containerRoot: string;
  /** The user of its main process, as it sees it. */
  uid: number;
  /** Whether it shares our pid namespace, as in a Pod with shareProcessNamespace. */
  sharesPids: boolean;
  /** The shells besides sh that it has. */
  shells: readonly string[];
  /** Whether steps that mask their output are checked here, too: masking does not depend on the container. */
  checksMasks?: boolean;
}

/** What a case works with. */
export interface Context {
  target: Target;
  backend: BackendName;
  /** Connected to the target with the backend and the shared root. */
  guest: Guest;
  /** A further connection; without a shared root unless one is given. */
  connect: (options?: Partial<Parameters<typeof connect>[0]>) => Promise<Guest>;
}

/** One promise of the product, checked in the same way whatever the container, the backend and the runtime. */
export interface Case {
  name: string;
  /** Where only some backends promise it. */
  backends?: readonly BackendName[];
  /** Where it is promised of some containers only. */
  when?: (target: Target) => boolean;
  run: (context: Context) => Promise<void>;
}

/** The backends that supervise: what nsenter does not promise is tested with these. */
export const SUPERVISED: readonly BackendName[] = ["native", "helper"];
