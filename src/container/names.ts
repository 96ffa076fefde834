import { errnoOf } from "../errors/index.ts";
import type { Proc } from "../system/index.ts";
import { unescapeMount } from "./cgroup-files.ts";
import { MountTable } from "./mount-table.ts";

/** Where a container's name is from. */
export type NameSource =
  /** A variable of its main process. */
  | "K8S_EXECUTOR_CONTAINER"
  | "GO_K8S_CONTAINER_NAME"
  /** The argument of its main process, which is our pause program. */
  | "pause"
  /** The kubelet, which mounts each container's own termination log into it. */
  | "kubelet";

/** A name that a container goes by. */
export interface ContainerName {
  name: string;
  source: NameSource;
}

/** The variables by which a container names itself. */
export const NAMING_VARIABLES = ["K8S_EXECUTOR_CONTAINER", "GO_K8S_CONTAINER_NAME"] as const;
/** As the kubelet and podman name containers. Anything else is no name: it goes into messages and onto terminals. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
/** The root of that mount: PODS/UID/containers/NAME/HASH, below the first "pods" only, for volumes are below it, too. */
const TERMINATION_LOG = /^(?:(?!\/pods\/).)*\/pods\/[^/]+\/containers\/([^/]+)\/[0-9a-f]{8}$/;
const COMMAND_LIMIT = 4096;

/** The arguments of /proc/PID/cmdline; the process can write there what it likes. */
export function readCommand(proc: Proc, directory: string): string[] {
  const text = proc.read(`${directory}/cmdline`, COMMAND_LIMIT).toString();
  return text === "" ? [] : text.replace(/\0$/, "").split("\0");
}

/** The name that the kubelet's mount says, in the text of a mountinfo. */
export function parseKubeletName(mountinfo: string): string | undefined {
  const names = mountinfo.split("\n").flatMap((line) => {
    // The kernel escapes no slash.
    if (!line.includes("/containers/")) return [];
    const [, , , root = ""] = line.split(" ");
    return TERMINATION_LOG.exec(unescapeMount(root))?.[1] ?? [];
  });
  return new Set(names).size === 1 ? names[0] : undefined;
}

function pauseName([program = "", name, ...rest]: readonly string[]): string | undefined {
  return rest.length === 0 && /(^|\/)pause$/.test(program) ? name : undefined;
}

/**
 * Whether it is in our user namespace. In one of its own a process may mount what it likes, and make it look as the kubelet's; in
 * ours that takes CAP_SYS_ADMIN.
 */
function isOfOurUsers(proc: Proc, directory: string): boolean {
  return proc.link(`${directory}/ns/user`) === proc.link("/proc/self/ns/user");
}

/** There is no way back into our user namespace: who is in it after the reading was in it when the mounts were made. */
function readKubeletName(proc: Proc, directory: string, mounts: MountTable): string | undefined {
  const name = parseKubeletName(mounts.text);
  return name !== undefined && isOfOurUsers(proc, directory) ? name : undefined;
}

/** A source that may not be read, or whose process has ended, names nothing. */
function attempt(read: () => string | undefined): string | undefined {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** What of a main process was read already; what was not is read. */
export interface NamingFacts {
  mounts?: MountTable;
  command?: readonly string[] | undefined;
}

/**
 * The names of a container, as far as we may look: everybody may read a command line, and only who has ptrace access the rest. All but the kubelet's are its own claims.
 *
 * @param directory The /proc directory of its main process.
 * @param environment That of its main process.
 * @returns Each name once, the likeliest first.
 */
export function readNames(
  proc: Proc,
  directory: string,
  environment: ReadonlyMap<string, Buffer>,
  known: NamingFacts = {},
): readonly ContainerName[] {
  const { mounts = new MountTable(proc, directory) } = known;
  const claims: [NameSource, string | undefined][] = [
    ...NAMING_VARIABLES.map((source): [NameSource, string | undefined] => [
      source,
      environment.get(source)?.toString(),
    ]),
    ["pause", attempt(() => pauseName(known.command ?? readCommand(proc, directory)))],
    ["kubelet", attempt(() => readKubeletName(proc, directory, mounts))],
  ];
  const names = new Map<string, ContainerName>();
  for (const [source, name] of claims) {
    if (name !== undefined && NAME.test(name) && !names.has(name)) names.set(name, { name, source });
  }
  return [...names.values()];
}
