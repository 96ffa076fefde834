import { chooseBackend, LimitedBackend, requireConcurrency, type BackendChoice } from "./backend/index.ts";
import { pinContainer } from "./container/index.ts";
import { ExecutorError, invalidOption, requireTypes, type OptionType } from "./errors/index.ts";
import { Guest } from "./guest.ts";
import { openSharedRoot, type SharedRoot } from "./step/index.ts";

/** @internal Also a worker's, who passes them on. */
export const CONNECT_OPTION_TYPES: Readonly<Record<keyof ConnectOptions, OptionType>> = {
  pid: "number",
  sharedRoot: "string",
  containerRoot: "string",
  backend: "string",
  concurrency: "number",
};

/** Which container, and how to enter it. */
export interface ConnectOptions {
  /** The pid of the container's main process, as this process's /proc counts. */
  pid: number;
  /** The shared volume as this process sees it. Without it, scripts travel in memory. */
  sharedRoot?: string | undefined;
  /** The shared volume as the container sees it; by default the same path. */
  containerRoot?: string | undefined;
  /** "auto" (the default) takes the first that works: native, helper, nsenter. One by name is never replaced. */
  backend?: BackendChoice | undefined;
  /** How many steps run at once; more wait, in the order in which they came. By default there is no limit. */
  concurrency?: number | undefined;
}

/**
 * Connects to a neighbour container. The container is pinned: should its main process end and the pid be given to
 * another process, steps fail with CONTAINER_GONE and never run in the other.
 *
 * @returns The guest; close it, or declare it with `await using`.
 * @throws ExecutorError INVALID_OPTION, UNSUPPORTED_PLATFORM, TARGET_NOT_FOUND, TARGET_NOT_ENTERABLE,
 *   PERMISSION_DENIED, SHARED_ROOT or BACKEND_UNAVAILABLE.
 * @example
 * ```ts
 * import { connect } from "k8s-executor";
 * await using guest = await connect({ pid: Number(process.env.GO_K8S_CONTAINER_PID) });
 * const { exitCode } = await guest.run({ script: "echo hello" });
 * ```
 */
export async function connect(options: ConnectOptions): Promise<Guest> {
  if (process.platform !== "linux") {
    throw new ExecutorError("UNSUPPORTED_PLATFORM", {
      problem: `this machine runs ${process.platform}, and containers can be entered on Linux only`,
      remedy: "run it in the agent's container",
    });
  }
  if (typeof options !== "object" || options === null)
    throw invalidOption("no options are given", "give an object with a pid");
  if (options.containerRoot !== undefined && options.sharedRoot === undefined) {
    throw invalidOption("a container root is given without a shared root", "give both or neither");
  }
  requireTypes(options, CONNECT_OPTION_TYPES);
  const { concurrency } = options;
  if (concurrency !== undefined) requireConcurrency(concurrency);
  const container = pinContainer(options.pid);
  let sharedRoot: SharedRoot | undefined;
  try {
    if (options.sharedRoot !== undefined) sharedRoot = openSharedRoot(options.sharedRoot, options.containerRoot);
    const backend = await chooseBackend(options.backend ?? "auto", container, sharedRoot);
    const limited = concurrency === undefined ? backend : new LimitedBackend(backend, concurrency);
    return new Guest(container, sharedRoot, limited);
  } catch (error) {
    sharedRoot?.close();
    container.close();
    throw error;
  }
}
