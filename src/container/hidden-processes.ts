import type { Proc } from "../system/index.ts";
import { missingCapabilities } from "./capabilities.ts";
import { readIdMap } from "./id-map.ts";
import { MountTable } from "./mount-table.ts";

/** How a /proc is mounted that hides processes, proc(5): all the values that its option hidepid can have, but those for "off". */
const HIDING: ReadonlySet<string> = new Set(["1", "2", "4", "noaccess", "invisible", "ptraceable"]);
/** Shows nothing but what the reader may ptrace, whatever its groups are. */
const FOR_NO_GROUP: ReadonlySet<string> = new Set(["4", "ptraceable"]);

/**
 * The options of the file system at /proc; the last one that was mounted there counts.
 *
 * @param mountinfo As in proc_pid_mountinfo(5).
 */
export function procMountOptions(mountinfo: string): ReadonlyMap<string, string> {
  let found = "";
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    if (before.split(" ")[4] === "/proc") found = after.split(" ")[2] ?? "";
  }
  return new Map(
    found.split(",").map((option) => {
      const [name = "", value = ""] = option.split("=");
      return [name, value];
    }),
  );
}

function isInGroup(proc: Proc, group: string | undefined): boolean {
  // Where it is not named, it is the machine's own root group, whatever that is in our user namespace.
  const gid = group === undefined ? readIdMap(proc, "/proc/self/gid_map").toInner(0) : Number(group);
  return gid !== undefined && (gid === process.getegid?.() || (process.getgroups?.() ?? []).includes(gid));
}

/**
 * How this process's /proc hides others' processes from it: the value of the mount option hidepid; undefined where it hides none.
 * What is hidden may be there all the same.
 */
export function hidingOfProc(proc: Proc): string | undefined {
  const options = procMountOptions(new MountTable(proc, "/proc/self").text);
  const hidepid = options.get("hidepid") ?? "off";
  if (!HIDING.has(hidepid) || missingCapabilities(["CAP_SYS_PTRACE"]).length === 0) return undefined;
  return !FOR_NO_GROUP.has(hidepid) && isInGroup(proc, options.get("gid")) ? undefined : hidepid;
}
