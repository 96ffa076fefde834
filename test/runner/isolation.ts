import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Mounts the namespace's own /proc, and reaps what the tests leave, as a Pod's pause container does. */
const INIT = 'mount -t proc -o "$1" proc /proc && shift && { "$@"; exit "$?"; }';

/** Options of this machine's /proc that its processes notice. */
function procOptions(): string {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const [, options = ""] = mounts.findLast((line) => / \/proc .* - proc /.test(line))?.split(/ - proc \S+ /) ?? [];
  return options
    .split(",")
    .filter((option) => /^(rw|hidepid=|gid=|subset=)/.test(option))
    .join();
}

/**
 * What starts a program in process and mount namespaces of its own. It is killed with the process that started it, and
 * all that is left in its namespace is killed with it.
 */
function inNamespaces(): string[] {
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child"];
  // A session of its own: the caller's process group has no number in the namespace.
  return ["setpriv", "--pdeathsig", "KILL", "unshare", ...namespaces, "setsid", "sh", "-c", INIT, "sh", procOptions()];
}

/**
 * What stands before the command of a test file, so that files that run side by side do not see each other's processes:
 * discovery would find the containers of other files, and process ids would be taken by them.
 *
 * @returns The words, or why that is not possible here.
 */
export function isolate(): readonly string[] | string {
  if (process.getuid?.() !== 0) return "only root can give each file its own process namespace";
  const prefix = inNamespaces();
  const [command = "", ...args] = prefix;
  const { status, stderr, error } = spawnSync(command, [...args, "true"], { encoding: "utf8" });
  return status === 0 ? prefix : `no process namespace can be made here: ${error?.message ?? stderr.trim()}`;
}
