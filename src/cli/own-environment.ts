import { closeSync, fstatSync, readFileSync } from "node:fs";

import { parseEnviron, readEnviron } from "../container/index.ts";
import { accessProc } from "../system/index.ts";
import { errnoText } from "./usage-error.ts";

/** Where launcher.sh says on which descriptor the environment comes that its shell would have made smaller. */
const HANDED_OVER = "K8S_EXECUTOR_ENVIRONMENT";
const HANDED_OVER_FD = 9;

/** Which variables launcher.sh passes on under other names, so that our own Node does not obey them. */
const SET_ASIDE = "K8S_EXECUTOR_SET_ASIDE";
const ASIDE = "K8S_EXECUTOR_ASIDE_";

/** Variables that the launcher sets for us, and that no step gets; ignored-signals.ts reads the last. */
const LAUNCHERS: readonly string[] = [HANDED_OVER, SET_ASIDE, "K8S_EXECUTOR_IGNORED_SIGNALS"];

/** Empty where nothing was handed over, or the launcher had no base64(1). */
function handedOver(): Map<string, Buffer> {
  if (process.env[HANDED_OVER] !== String(HANDED_OVER_FD) || !fstatSync(HANDED_OVER_FD).isFIFO()) return new Map();
  const text = readFileSync(HANDED_OVER_FD, "latin1");
  // What we start shall not find it open.
  closeSync(HANDED_OVER_FD);
  return parseEnviron(Buffer.from(text, "base64"));
}

/** What the launcher has set aside has its own name again. */
function restore(variables: Map<string, Buffer>): Map<string, Buffer> {
  for (const name of variables.get(SET_ASIDE)?.toString("latin1").split(" ") ?? []) {
    const value = variables.get(ASIDE + name);
    if (value === undefined) continue;
    variables.set(name, value);
    variables.delete(ASIDE + name);
  }
  return variables;
}

function whole(): Map<string, Buffer> {
  const variables = handedOver();
  // From before the launcher set anything aside.
  if (variables.size > 0) return variables;
  try {
    return restore(readEnviron(accessProc(), "/proc/self"));
  } catch (error) {
    if (errnoText(error) !== "EACCES") throw error;
    // Our own files of /proc are root's where our program has capabilities (setcap); what Node has is UTF-8 only.
    const known = Object.entries(process.env).map(
      ([name, value]) => [Buffer.from(name).toString("latin1"), Buffer.from(value ?? "")] as const,
    );
    return restore(new Map(known));
  }
}

/**
 * The environment that we were started with: bytes by name (latin1, so that any byte survives). process.env would turn
 * what is no UTF-8 into question marks.
 */
export function readOwnEnvironment(): Map<string, Buffer> {
  const variables = whole();
  for (const name of LAUNCHERS) variables.delete(name);
  return variables;
}
