/** How far an entry came, by number: the list of native/step/stage.h. */
export const STAGES = [
  "none",
  "request",
  "supervise",
  "target",
  "fork",
  "namespace",
  "root",
  "session",
  "descriptors",
  "groups",
  "gid",
  "bounding",
  "uid",
  "capabilities",
  "privileges",
  "cwd",
  "cwd_outside",
  "signals",
  "exec",
  "script",
  "script_path",
  "streams",
  "relay",
  "terminal",
] as const;

export type Stage = (typeof STAGES)[number];
