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

/** A mount of cgroups in /proc/PID/mountinfo, and of which controllers; those of the unified hierarchy are "all". */
export interface MountOfControllers extends CgroupMount {
  controllers: ReadonlySet<string> | "all";
}

/** All mounts of cgroups in /proc/PID/mountinfo. */
export function parseCgroupMounts(text: string): MountOfControllers[] {
  return text.split("\n").flatMap((line): MountOfControllers[] => {
    const [before = "", after = ""] = line.split(" - ", 2);
    if (!after.startsWith("cgroup")) return [];
    const [, , , root = "", point = ""] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    const mount = { root: unescapeMount(root), point: unescapeMount(point) };
    if (type === "cgroup2") return [{ ...mount, controllers: "all" }];
    return type === "cgroup" ? [{ ...mount, controllers: new Set(options.split(",")) }] : [];
  });
}

/** Those of one hierarchy: its controllers, as "cpu,cpuacct"; "" is the unified one. */
export function mountsOf(mounts: readonly MountOfControllers[], hierarchy: string): CgroupMount[] {
  return mounts.filter(({ controllers }) =>
    hierarchy === ""
      ? controllers === "all"
      : controllers !== "all" && hierarchy.split(",").every((controller) => controllers.has(controller)),
  );
}
