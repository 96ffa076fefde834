import { NAMING_VARIABLES, readVariables, RUNC_VARIABLE, STEP_ID } from "../container/index.ts";
import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";

/** Of one process: far more than a manifest's variables and those of a Pod's services. */
const MOST_OF_ONE = 1024 * 1024;
/** Of all of them. Processes can share the memory of a large one, so that it costs them next to nothing. */
const MOST_OF_ALL = 8 * 1024 * 1024;

const TELLING: ReadonlySet<string> = new Set([...NAMING_VARIABLES, STEP_ID]);

function isTelling(name: string): boolean {
  return TELLING.has(name) || name.startsWith(RUNC_VARIABLE);
}

/** Reads those variables of processes that tell what they are to us, and bounds what that costs. */
export class TellingVariables {
  readonly #proc: Proc;
  #left = MOST_OF_ALL;

  constructor(proc: Proc) {
    this.#proc = proc;
  }

  /** Undefined where we may not look, or that is too much. Throws where it has ended. */
  of(pid: number): ReadonlyMap<string, Buffer> | undefined {
    if (this.#left <= 0) return undefined;
    try {
      const read = readVariables(this.#proc, `/proc/${pid}`, isTelling, MOST_OF_ONE);
      this.#left -= read?.bytes ?? MOST_OF_ONE;
      return read?.variables;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "EACCES" || errno === "EPERM") return undefined;
      throw error;
    }
  }
}
