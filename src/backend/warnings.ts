import { missingCapabilities } from "../container/index.ts";
import { errnoName } from "../errors/index.ts";
import type { PreparedStep } from "../step/index.ts";
import type { EndRecord } from "./record.ts";

/** Why a directory cannot be entered, by errno; EXDEV is the helper's own word. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "is not a directory",
  EACCES: "may not be entered by the container's user",
  ELOOP: "is a loop of links",
  EXDEV: "leads outside the container's root",
};

/** Why a working directory cannot be entered, in words. */
export function whyNotEntered(errno: string): string {
  return REASONS[errno] ?? `cannot be entered (${errno})`;
}

/** For a step that is in "/", as nobody asked for another directory. */
export function cwdWarning(step: PreparedStep, why: string): string {
  return `the working directory of the container's main process, ${JSON.stringify(step.cwd)}, ${why}; the step ran in /`;
}

/** For a script that travelled in memory, as nobody asked for a file. */
export function scriptWarning({ identity }: PreparedStep, errno: string): string {
  const user = `the user ${identity.uid}:${identity.gid}`;
  const lacksChown = errno === "EPERM" && missingCapabilities(["CAP_CHOWN"]).length > 0;
  const why = lacksChown
    ? `this process lacks CAP_CHOWN and cannot give files to ${user}`
    : `the shared volume refuses to give files to ${user} (${errno})`;
  return `${why}, who cannot read the script file; the script ran from memory, as /dev/fd/3`;
}

/** What differs from what was asked for, in words. */
export function warningsOf(record: EndRecord, step: PreparedStep): string[] {
  const warnings: string[] = [];
  if (record.cwdErrno !== 0) warnings.push(cwdWarning(step, whyNotEntered(errnoName(record.cwdErrno))));
  if (record.scriptInMemory) warnings.push(scriptWarning(step, errnoName(record.scriptErrno)));
  return warnings;
}
