/** What the kernel knows of a process that a runtime decides on, by field. */
export type ProcessIdentity = ReadonlyMap<string, string>;

/**
 * A program for sh that prints it all for the process $1, or for the sh itself: that is the very process that was
 * started, before it opened anything of its own.
 */
export const PRINT_IDENTITY = `
p=/proc/\${1:-$$}
section() { echo "== $1"; }
section status; cat $p/status
section fd; ls -l $p/fd
section limits; cat $p/limits
section cgroup; cat $p/cgroup
section environ; tr '\\0' '\\n' < $p/environ
section ns; ls -l $p/ns
section stat; cat $p/stat
for file in oom_score_adj personality coredump_filter attr/current; do section $file; cat $p/$file; done
section keys; cat /proc/keys
section cwd; ls -ld $p/cwd
`;

const STATUS = /^(Uid|Gid|Groups|Umask|Cap\w+|NoNewPrivs|Seccomp\w*|SigBlk|SigIgn):\s*(.*)$/;

/** Reads what PRINT_IDENTITY printed, without what is another number each time. */
export function parseIdentity(printed: string): ProcessIdentity {
  const sections = new Map(
    printed.split(/^== /m).map((section): [string, string[]] => {
      const [name = "", ...lines] = section.trimEnd().split("\n");
      return [name, lines];
    }),
  );
  const fields = new Map<string, string>();
  const lines = (name: string): string[] => sections.get(name) ?? [];

  for (const line of lines("status")) {
    const [, name, value = ""] = STATUS.exec(line) ?? [];
    if (name) fields.set(name, value.trim().replaceAll("\t", " "));
  }
  for (const [name, target] of links(lines("fd"))) {
    fields.set(`descriptor ${name}`, target.replace(/:\[\d+\]$/, ""));
  }
  fields.set("cgroup", cgroups(lines("cgroup")));
  for (const line of lines("limits").slice(1)) {
    const [name = "", soft = "", hard = ""] = line.split(/ {2,}/);
    fields.set(name, `${soft} / ${hard}`);
  }
  const names = lines("environ").map((line) => line.slice(0, line.indexOf("=")));
  fields.set("environment", names.toSorted().join(" "));
  for (const [name, target] of links(lines("ns"))) fields.set(`namespace ${name}`, target.replace(/^.*:/, ""));
  const stat = lines("stat").join("");
  const [, parent, group, session, terminal] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  fields.set("parent", parent === "0" ? "outside" : "in the Pod");
  fields.set("leads its group and session", String(group === session && stat.startsWith(`${session} `)));
  fields.set("terminal", terminal === "0" ? "none" : "one");
  for (const name of ["oom_score_adj", "personality", "coredump_filter", "attr/current", "keys"]) {
    fields.set(name, lines(name).join(" ") || "not told");
  }
  for (const [, target] of links(lines("cwd"))) fields.set("working directory", target);
  return fields;
}

/** Name and target of each link that `ls -l` shows. */
function links(lines: readonly string[]): [string, string][] {
  return lines.flatMap((line): [string, string][] => {
    const [, name = "", target = ""] = /(\S+) -> (.*)$/.exec(line) ?? [];
    return name === "" ? [] : [[name, target]];
  });
}

/** One path where all hierarchies have the same, with container ids as short as podman shows them. */
function cgroups(lines: readonly string[]): string {
  const paths = lines.map((line) => line.replace(/^[^:]*:[^:]*:/, "").replaceAll(/([0-9a-f]{12})[0-9a-f]{52}/g, "$1"));
  return [...new Set(paths)].join(" ");
}
