import { existsSync } from "node:fs";

import { readConfig } from "../defaults/index.ts";
import { ExecutorError } from "../errors/index.ts";
import { fault, type Finding } from "./finding.ts";
import { problemOf } from "./guarded.ts";
import { byHand } from "./mend.ts";

/**
 * What is wrong in the configuration, once for all containers.
 *
 * @returns Undefined where all is well, or there is none.
 * @throws ExecutorError INVALID_OPTION where the file that is named is not there.
 */
export function checkConfig(file: string | undefined): Finding | undefined {
  if (file === undefined) return undefined;
  try {
    readConfig(file);
    return undefined;
  } catch (error) {
    if (!(error instanceof ExecutorError) || !existsSync(file)) throw error;
    return fault("config", "missing", {
      what: problemOf(error),
      effect: "no step runs: each one asks for it",
      mend: byHand(error.remedy),
    });
  }
}
