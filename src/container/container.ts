import { errnoOf, invalidOption } from "../errors/index.ts";
import { accessProc, Descriptors } from "../system/index.ts";
import { readForeignAttributes, type ForeignAttributes } from "./attributes.ts";
import { openForeignCgroups, type Cgroups } from "./cgroups.ts";
import { requireEntrance, type MainDirectory } from "./entrance.ts";
import { hidingOfProc } from "./hidden-processes.ts";
import { readStatus, type Identity } from "./identity.ts";
import { readForeignLimits, readForeignOomScore, type ResourceLimit } from "./limits.ts";
import { MountTable } from "./mount-table.ts";
import { readNames, type ContainerName } from "./names.ts";
import type { Namespace } from "./namespaces.ts";
import { restoreEnvironment } from "./overwritten.ts";
import { readStat } from "./process-stat.ts";
import { explain, gone } from "./refusals.ts";

/** Descriptors that refer to the main process only, also after its number was given to another. */
export interface Pin {
  /** Of /proc/PID: it keeps neither the process's namespaces nor its mounts. */
  directory: number;
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
  /** What steps in it lack, whatever starts them. */
  readonly limitations: readonly string[];
  /** Limits of its main process that are not ours, which a step takes over. */
  readonly limits: readonly ResourceLimit[];
  /** The same for oom_score_adj, proc_pid_oom_score_adj(5). */
  readonly oomScoreAdj: number | undefined;
  /** The same for what else a step would have from us. */
  readonly attributes: ForeignAttributes;
  /** Undefined where the runtime does not let us open /proc. */
  readonly cgroups: Cgroups | undefined;
  /** How our /proc hides processes, and so some of a step's; undefined where it does not. */
  readonly hiding: string | undefined;
  /** The working directory of its main process. */
  readonly cwd: MainDirectory;
  isAlive(): boolean;
  /**
   * Opens its root directory for as long as `use` runs.
   *
   * @param use Gets a descriptor that it must neither keep nor close.
   * @returns What `use` returns; undefined where /proc cannot be opened.
   * @throws ExecutorError TARGET_NOT_FOUND where its main process has ended, PERMISSION_DENIED, and what `use` throws.
   */
  withRoot<Result>(use: (root: number) => Result): Result | undefined;
  close(): void;
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
  /** What would keep the container's mounts. */
  const transient = new Descriptors();
  try {
    const directory = proc.canOpen ? descriptors.directory(`/proc/${pid}`) : undefined;
    // Everything below goes through the descriptor: a pid that is reused meanwhile is a file that is not there.
    const path = directory === undefined ? `/proc/${pid}` : `/proc/self/fd/${directory}`;
    const stat = readStat(proc, path);
    if (startTime !== undefined && stat.startTime !== startTime) throw gone(pid, undefined);
    const entrance = requireEntrance(proc, { pid, directory: path, stat }, transient);
    const { namespaces, identity, root, cwd } = entrance;
    const restored = entrance.isOverwritten ? restoreEnvironment(entrance.environment, root, identity.uid) : undefined;
    const environment = restored?.environment ?? entrance.environment;
    const mounts = new MountTable(proc, path);
    const pin = directory === undefined ? undefined : { directory };
    const container: Container = {
      pid,
      startTime: stat.startTime,
      pin,
      namespaces,
      identity,
      ourBounding: BigInt(`0x${readStatus(proc, "/proc/self").get("CapBnd") ?? ""}`),
      environment,
      limitations: restored ? [restored.limitation] : [],
      names: readNames(proc, path, environment, { mounts }),
      limits: readForeignLimits(proc, path),
      oomScoreAdj: readForeignOomScore(proc, path),
      attributes: readForeignAttributes(proc, path),
      cgroups:
        root === undefined ? undefined : openForeignCgroups(proc, { pid, directory: path, root, mounts }, descriptors),
      hiding: hidingOfProc(proc),
      cwd,
      isAlive() {
        try {
          const now = readStat(proc, path);
          return now.state !== "Z" && now.startTime === stat.startTime;
        } catch (error) {
          // ESRCH: the directory outlived its process. Without a descriptor to look with, nothing is known against it.
          return ["EMFILE", "ENFILE"].includes(errnoOf(error) ?? "");
        }
      },
      withRoot(use) {
        if (!pin) return undefined;
        const opened = new Descriptors();
        let itsRoot: number;
        try {
          itsRoot = opened.directory(`${path}/root`);
        } catch (error) {
          throw explain(error, pid);
        }
        try {
          return use(itsRoot);
        } finally {
          opened.close();
        }
      },
      close: () => descriptors.close(),
    };
    return container;
  } catch (error) {
    descriptors.close();
    throw explain(error, pid);
  } finally {
    transient.close();
  }
}
