import { errnoOf, ExecutorError, invalidOption } from "../errors/index.ts";
import { accessProc, Descriptors, type Proc } from "../system/index.ts";
import { missingCapabilities } from "./capabilities.ts";
import { openForeignCgroups, type Cgroups } from "./cgroups.ts";
import { readEnviron } from "./environ.ts";
import { readIdentity, readStatus, type Identity } from "./identity.ts";
import { readForeignLimits, readForeignOomScore, type ResourceLimit } from "./limits.ts";
import { hasOurRoot, openForeignNamespaces, type Namespace } from "./namespaces.ts";
import { permissionDenied } from "./permission.ts";
import { MountTable } from "./mount-table.ts";
import { readNames, type ContainerName } from "./names.ts";
import { readStat, type ProcessStat } from "./process-stat.ts";
import { isBeingCreated } from "./runtime-init.ts";

/** Descriptors that refer to the main process only, also after its number was given to another. */
export interface Pin {
  /** Of /proc/PID. */
  directory: number;
  /** Of its root directory. */
  root: number;
}

/** A container, pinned by its main process: whatever happens to the pid, this never becomes another container. */
export interface Container {
  readonly pid: number;
  /** Undefined where the runtime does not let us open /proc: then only its start time tells it from another. */
  readonly pin: Pin | undefined;
  readonly namespaces: readonly Namespace[];
  readonly identity: Identity;
  /** Our own capability bounding set, capabilities(7). */
  readonly ourBounding: bigint;
  /** What it goes by; all but the kubelet's name are its own claims. */
  readonly names: readonly ContainerName[];
  /** When its main process started, in clock ticks since boot. */
  readonly startTime: string;
  /** The environment of its main process. */
  readonly environment: ReadonlyMap<string, Buffer>;
  /** Limits of its main process that are not ours, which a step takes over. */
  readonly limits: readonly ResourceLimit[];
  /** The same for oom_score_adj, proc_pid_oom_score_adj(5). */
  readonly oomScoreAdj: number | undefined;
  /** Undefined where the runtime does not let us open /proc. */
  readonly cgroups: Cgroups | undefined;
  /** The working directory of its main process, as a path in the container. */
  readonly cwd: string;
  isAlive(): boolean;
  close(): void;
}

/** The working directory relative to the root, for a process that is chrooted too. */
function readCwd(proc: Proc, directory: string): string {
  const root = proc.link(`${directory}/root`);
  const cwd = proc.link(`${directory}/cwd`);
  if (root === "/") return cwd;
  if (cwd === root) return "/";
  return cwd.startsWith(`${root}/`) ? cwd.slice(root.length) : "/";
}

function gone(pid: number, cause: unknown): ExecutorError {
  return new ExecutorError("TARGET_NOT_FOUND", {
    problem: `no process has pid ${pid}`,
    remedy:
      "give the pid of the container's main process as this container sees it (the Pod needs shareProcessNamespace: true)",
    cause,
    details: { pid },
  });
}

function notEnterable(pid: number, why: string): ExecutorError {
  return new ExecutorError("TARGET_NOT_ENTERABLE", {
    problem: `process ${pid} ${why}`,
    remedy: "give the pid of the main process of another container of the Pod",
    details: { pid },
  });
}

function beingCreated(pid: number): ExecutorError {
  return new ExecutorError("TARGET_NOT_ENTERABLE", {
    problem: `process ${pid} is still its container runtime's own program: the container is being created`,
    remedy: "wait until it has started (--wait, waitForReady)",
    details: { pid },
  });
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
 * Pins the container whose main process has this pid.
 *
 * @param pid As this process's own /proc counts.
 * @param startTime When the process that is meant started, in clock ticks since boot; one that started at another time is not
 *   found.
 * @throws ExecutorError INVALID_OPTION, TARGET_NOT_FOUND, TARGET_NOT_ENTERABLE or PERMISSION_DENIED.
 */
export function pinContainer(pid: number, startTime?: string): Container {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid > 0x7fffffff) {
    const remedy = Number.isNaN(pid)
      ? "give a positive whole number, or a container's name, or neither where there is only one (is the variable set?)"
      : "give a positive whole number";
    throw invalidOption(`pid ${pid} is not a process id`, remedy);
  }
  const proc = accessProc();
  const descriptors = new Descriptors();
  try {
    const directory = proc.canOpen ? descriptors.directory(`/proc/${pid}`) : undefined;
    // Everything below goes through the descriptor: a pid that is reused meanwhile is a file that is not there.
    const path = directory === undefined ? `/proc/${pid}` : `/proc/self/fd/${directory}`;
    const stat = readStat(proc, path);
    if (startTime !== undefined && stat.startTime !== startTime) throw gone(pid, undefined);
    refuseUnenterable(pid, stat);
    const namespaces = openForeignNamespaces(proc, path, descriptors);
    if (namespaces.length === 0 && (directory === undefined || hasOurRoot(path))) {
      throw notEnterable(pid, "is in this process's own container");
    }
    const inOtherUserNamespace = namespaces.some((namespace) => namespace.name === "user");
    // First of all that it says of itself: once this is the container's own, so is the rest.
    const environment = readEnviron(proc, path);
    const mounts = new MountTable(proc, path);
    if (isBeingCreated(proc, path, environment)) throw beingCreated(pid);
    const identity = readIdentity(proc, path, inOtherUserNamespace);
    if (!inOtherUserNamespace) requireKill(identity);
    const pin = directory === undefined ? undefined : { directory, root: descriptors.directory(`${path}/root`) };
    const container: Container = {
      pid,
      startTime: stat.startTime,
      pin,
      namespaces,
      identity,
      ourBounding: BigInt(`0x${readStatus(proc, "/proc/self").get("CapBnd") ?? ""}`),
      environment,
      names: readNames(proc, path, environment, mounts),
      limits: readForeignLimits(proc, path),
      oomScoreAdj: readForeignOomScore(proc, path),
      cgroups: pin && openForeignCgroups(proc, { pid, directory: path, root: pin.root, mounts }, descriptors),
      cwd: readCwd(proc, path),
      isAlive() {
        try {
          const now = readStat(proc, path);
          return now.state !== "Z" && now.startTime === stat.startTime;
        } catch (error) {
          // ESRCH: the directory outlived its process. Without a descriptor to look with, nothing is known against it.
          return ["EMFILE", "ENFILE"].includes(errnoOf(error) ?? "");
        }
      },
      close: () => descriptors.close(),
    };
    return container;
  } catch (error) {
    descriptors.close();
    throw explain(error, pid);
  }
}

function explain(error: unknown, pid: number): unknown {
  const errno = errnoOf(error);
  if (errno === "ENOENT" || errno === "ESRCH") return gone(pid, error);
  if (errno === "EACCES" || errno === "EPERM") {
    return permissionDenied(`look into process ${pid}`, ["CAP_SYS_PTRACE"], error, { pid });
  }
  if (errno === "EMFILE" || errno === "ENFILE") {
    return new ExecutorError("RESOURCE_EXHAUSTED", {
      problem: `no descriptor is left to open process ${pid}`,
      remedy: "raise the limit of open files (ulimit -n) or connect to fewer containers at once",
      cause: error,
    });
  }
  return error;
}
