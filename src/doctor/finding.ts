import { printable } from "../system/index.ts";
import type { Mend } from "./mend.ts";

/** What is checked. The names are stable. */
export type CheckName =
  | "kernel"
  | "capabilities"
  | "seccomp"
  | "privileges"
  | "pid-namespace"
  | "ffi"
  | "helper"
  | "nsenter"
  | "proc"
  | "processes"
  | "descriptors"
  | "container"
  | "config"
  | "access"
  | "namespaces"
  | "shared-root"
  | "entry"
  | "shell"
  | "cgroup";

/** "missing": steps do not run for that reason; "degraded": they run, with less. */
export type CheckStatus = "ok" | "degraded" | "missing";

/** What one check found. */
export interface Finding {
  check: CheckName;
  status: CheckStatus;
  /** What is so. */
  what: string;
  /** What that means for steps; undefined where all is well. */
  effect: string | undefined;
  /** How to mend it. */
  mend: Mend | undefined;
}

/** All is well. */
export function ok(check: CheckName, what: string): Finding {
  return { check, status: "ok", what: printable(what), effect: undefined, mend: undefined };
}

/** Something is not as it should be. */
export function fault(
  check: CheckName,
  status: Exclude<CheckStatus, "ok">,
  parts: { what: string; effect: string; mend?: Mend | undefined },
): Finding {
  const { what, effect, mend } = parts;
  return {
    check,
    status,
    what: printable(what),
    effect: printable(effect),
    mend: mend && { ...mend, text: printable(mend.text) },
  };
}
