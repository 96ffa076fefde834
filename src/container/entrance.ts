import { errnoOf } from "../errors/index.ts";
import type { Descriptors, Proc } from "../system/index.ts";
import { missingCapabilities } from "./capabilities.ts";
import { readRemainingEnviron } from "./environ.ts";
import { readIdentity, type Identity } from "./identity.ts";
import { foreignNamespaces, hasOurRoot, type Namespace, type NamespaceLinks } from "./namespaces.ts";
import { permissionDenied } from "./permission.ts";
import type { ProcessStat } from "./process-stat.ts";
import { beingCreated, notEnterable } from "./refusals.ts";
import { isBeingCreated } from "./runtime-init.ts";

/** A process, and what is known of it already; what is not is read. */
export interface EntranceTarget {
  pid: number;
  /** Its directory below /proc. */
  directory: string;
  stat: ProcessStat;
  namespaces?: { ours: NamespaceLinks; theirs: NamespaceLinks } | undefined;
  /** Those variables at least that tell whether it is being created. */
  environment?: ReadonlyMap<string, Buffer> | undefined;
  status?: ReadonlyMap<string, string> | undefined;
  /** A descriptor of its root directory. */
  root?: number | undefined;
}

/** What is needed to enter a container, and was had. */
export interface Entrance {
  namespaces: readonly Namespace[];
  environment: ReadonlyMap<string, Buffer>;
  /** The main process has written over it, and this is what is left. */
  isOverwritten: boolean;
  identity: Identity;
  /** Undefined where /proc cannot be opened. */
  root: number | undefined;
  cwd: MainDirectory;
}

/** The working directory of a container's main process. */
export interface MainDirectory {
  /** As a path in the container. */
  readonly path: string;
  /** What is wrong with it, so that the path is "/" instead; undefined where it is the directory's own. */
  readonly problem: string | undefined;
}

const DELETED = " (deleted)";

/** The link of a directory that was deleted has that after the name, and a directory may have such a name of its own. */
function readCwdLink(proc: Proc, directory: string): string {
  const link = proc.link(`${directory}/cwd`);
  const isDeleted = link.endsWith(DELETED) && proc.nameCount(`${directory}/cwd`) === 0;
  // By its name, as for a runtime's exec: there may be another by now.
  return isDeleted ? link.slice(0, -DELETED.length) : link;
}

/** The working directory relative to the root, for a process that is chrooted too. */
function readCwd(proc: Proc, directory: string): MainDirectory {
  const root = proc.link(`${directory}/root`);
  let cwd: string;
  try {
    cwd = readCwdLink(proc, directory);
  } catch (error) {
    if (errnoOf(error) === "ENAMETOOLONG") return { path: "/", problem: "is so deep that it has no path" };
    throw error;
  }
  if (root === "/") return { path: cwd, problem: undefined };
  if (cwd === root) return { path: "/", problem: undefined };
  if (cwd.startsWith(`${root}/`)) return { path: cwd.slice(root.length), problem: undefined };
  return { path: "/", problem: "is outside the container's root directory" };
}

function refuseUnenterable(pid: number, stat: ProcessStat): void {
  if (stat.isKernelThread) throw notEnterable(pid, "is a kernel thread");
  if (stat.state === "Z" || stat.state === "X") throw notEnterable(pid, "has ended and is a zombie");
}

/** A step that we may start but not end is worse than none. */
export function requireKill(identity: Identity): void {
  if (identity.ourUid === process.geteuid?.() || missingCapabilities(["CAP_KILL"]).length === 0) return;
  throw permissionDenied(`end steps of the container's user ${identity.ourUid}`, ["CAP_KILL"]);
}

/**
 * Everything that a container must allow before a step can be run in it.
 *
 * @param descriptors What is opened on the way.
 * @throws ExecutorError TARGET_NOT_ENTERABLE or PERMISSION_DENIED, and errors of node:fs.
 */
export function requireEntrance(proc: Proc, target: EntranceTarget, descriptors: Descriptors): Entrance {
  const { pid, directory } = target;
  refuseUnenterable(pid, target.stat);
  const namespaces = foreignNamespaces(proc, directory, target.namespaces);
  if (namespaces.length === 0 && (!proc.canOpen || hasOurRoot(directory))) {
    throw notEnterable(pid, "is in this process's own container");
  }
  const inOtherUserNamespace = namespaces.some(({ name }) => name === "user");
  // First of all that it says of itself: once this is the container's own, so is the rest.
  const { variables: environment, isOverwritten } = target.environment
    ? { variables: target.environment, isOverwritten: false }
    : readRemainingEnviron(proc, directory);
  if (isBeingCreated(proc, directory, environment)) throw beingCreated(pid);
  const identity = readIdentity(proc, directory, inOtherUserNamespace, target.status);
  if (!inOtherUserNamespace) requireKill(identity);
  const root = proc.canOpen ? (target.root ?? descriptors.directory(`${directory}/root`)) : undefined;
  return { namespaces, environment, isOverwritten, identity, root, cwd: readCwd(proc, directory) };
}
