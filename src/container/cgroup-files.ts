/** One mount of a cgroup hierarchy. */
export interface CgroupMount {
  /** The cgroup that is the root of the mount. */
  root: string;
  point: string;
}

/** The cgroups of /proc/PID/cgroup, by hierarchy: its controllers, as "cpu,cpuacct"; "" is the unified one. */
export function parseCgroups(text: string): Map<string, string> {
  const cgroups = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, hierarchy, cgroup] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (hierarchy !== undefined && cgroup !== undefined) cgroups.set(hierarchy, cgroup);
  }
  return cgroups;
}

/** Octal escapes of /proc/PID/mountinfo. */
export function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The mounts of one hierarchy in /proc/PID/mountinfo. */
export function parseMounts(text: string, hierarchy: string): CgroupMount[] {
  return text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "", point = ""] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    const isIt =
      hierarchy === ""
        ? type === "cgroup2"
        : type === "cgroup" && hierarchy.split(",").every((controller) => options.split(",").includes(controller));
    return isIt ? [{ root: unescapeMount(root), point: unescapeMount(point) }] : [];
  });
}
