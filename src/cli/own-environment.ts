import { closeSync, fstatSync, readFileSync } from "node:fs";

import { parseEnviron, readEnviron } from "../container/index.ts";
import { accessProc } from "../system/index.ts";
import { errnoText } from "./usage-error.ts";

/** Where launcher.sh says on which descriptor the environment comes that its shell would have made smaller. */
const HANDED_OVER = "K8S_EXECUTOR_ENVIRONMENT";
const HANDED_OVER_FD = 9;

/** The names under which launcher.sh passes variables on that our own Node shall not find. */
const RENAMED: Readonly<Record<string, string>> = {
  K8S_EXECUTOR_CA_CERTS: "NODE_EXTRA_CA_CERTS",
  K8S_EXECUTOR_NODE_OPTIONS: "NODE_OPTIONS",
};

/** Empty where nothing was handed over, or the launcher had no base64(1). */
function handedOver(): Map<string, Buffer> {
  if (process.env[HANDED_OVER] !== String(HANDED_OVER_FD) || !fstatSync(HANDED_OVER_FD).isFIFO()) return new Map();
  const text = readFileSync(HANDED_OVER_FD, "latin1");
  // What we start shall not find it open.
  closeSync(HANDED_OVER_FD);
  return parseEnviron(Buffer.from(text, "base64"));
}

/** What the launcher has renamed has its own name again. */
function named(variables: Map<string, Buffer>): Map<string, Buffer> {
  for (const [name, itsName] of Object.entries(RENAMED)) {
    const value = variables.get(name);
    if (value) variables.set(itsName, value);
  }
  return variables;
}

function whole(): Map<string, Buffer> {
  const variables = handedOver();
  // From before the launcher renamed anything.
  if (variables.size > 0) return variables;
  try {
    return named(readEnviron(accessProc(), "/proc/self"));
  } catch (error) {
    if (errnoText(error) !== "EACCES") throw error;
    // Our own files of /proc are root's where our program has capabilities (setcap); what Node has is UTF-8 only.
    const known = Object.entries(process.env).map(
      ([name, value]) => [Buffer.from(name).toString("latin1"), Buffer.from(value ?? "")] as const,
    );
    return named(new Map(known));
  }
}

/**
 * The environment that we were started with: bytes by name (latin1, so that any byte survives). process.env would turn
 * what is no UTF-8 into question marks.
 */
export function readOwnEnvironment(): Map<string, Buffer> {
  const variables = whole();
  for (const name of [HANDED_OVER, ...Object.keys(RENAMED)]) variables.delete(name);
  return variables;
}
