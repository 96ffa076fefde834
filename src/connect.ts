import { chooseBackend, PacedBackend, requireConcurrency, type BackendChoice } from "./backend/index.ts";
import { pinContainer, type Container } from "./container/index.ts";
import { defaultsOf, readConfig } from "./defaults/index.ts";
import { chooseContainer } from "./discovery/index.ts";
import { ExecutorError, invalidOption, refuseMisspelt, requireTypes, type OptionType } from "./errors/index.ts";
import { Guest } from "./guest.ts";
import { openSharedRoot, type SharedRoot } from "./step/index.ts";
import { requireLinux } from "./system/index.ts";

/** @internal Also a worker's, who passes them on. */
export const CONNECT_OPTION_TYPES: Readonly<Record<keyof ConnectOptions, OptionType>> = {
  pid: "number",
  container: "string",
  config: "string",
  sharedRoot: "string",
  containerRoot: "string",
  backend: "string",
  allowDegraded: "boolean",
  concurrency: "number",
};

/** Which container, and how to enter it. */
export interface ConnectOptions {
  /** The pid of the container's main process, as this process's /proc counts. */
  pid?: number | undefined;
  /**
   * Its name, the pid of one of its processes, or its id or the beginning of it. Without this and a pid, it is the only
   * container of the Pod beside this process's own.
   */
  container?: string | undefined;
  /** A k8s-executor.json with defaults for containers by name: shell, user, cwd, env. */
  config?: string | undefined;
  /** The shared volume as this process sees it. Without it, scripts travel in memory. */
  sharedRoot?: string | undefined;
  /** The shared volume as the container sees it; by default the same path. */
  containerRoot?: string | undefined;
  /** "auto" (the default) takes the first that works, native or helper. One by name is never replaced. */
  backend?: BackendChoice | undefined;
  /**
   * Lets "auto" take nsenter where neither of the others works: a step then keeps the agent's capabilities, and may get out of
   * the container. By default false: then it is an error.
   */
  allowDegraded?: boolean | undefined;
  /** How many steps run at once; more wait, in the order in which they came. By default there is no limit. */
  concurrency?: number | undefined;
}

/**
 * Connects to a neighbour container. The container is pinned: should its main process end and the pid be given to
 * another process, steps fail with CONTAINER_GONE and never run in the other.
 *
 * @returns The guest; close it, or declare it with `await using`.
 * @throws ExecutorError INVALID_OPTION, UNSUPPORTED_PLATFORM, TARGET_NOT_FOUND, TARGET_AMBIGUOUS,
 *   TARGET_NOT_ENTERABLE, PERMISSION_DENIED, SHARED_ROOT, BACKEND_UNAVAILABLE, RESOURCE_EXHAUSTED or HELPER_LOST (something
 *   ended or stopped the helper, started for a trial).
 * @example
 * ```ts
 * import { connect } from "k8s-executor";
 * await using guest = await connect({ container: "maven" });
 * const { exitCode } = await guest.run({ script: "echo hello" });
 * ```
 */
export async function connect(options: ConnectOptions = {}): Promise<Guest> {
  requireLinux();
  requireConnectOptions(options);
  const config = options.config === undefined ? new Map() : readConfig(options.config);
  const container = pin(options);
  let sharedRoot: SharedRoot | undefined;
  try {
    if (options.sharedRoot !== undefined) sharedRoot = openSharedRoot(options.sharedRoot, options.containerRoot);
    const { concurrency, allowDegraded = false } = options;
    const backend = await chooseBackend(options.backend ?? "auto", allowDegraded, container, sharedRoot);
    const paced = new PacedBackend(backend, concurrency ?? Infinity, container.limitations);
    return new Guest(container, sharedRoot, paced, defaultsOf(container, config));
  } catch (error) {
    sharedRoot?.close();
    container.close();
    throw error;
  }
}

/** @internal Also doctor's. @throws ExecutorError INVALID_OPTION. */
export function requireConnectOptions(options: ConnectOptions): void {
  if (typeof options !== "object" || options === null)
    throw invalidOption("the options are no object", "give one, or none at all");
  requireTypes(options, CONNECT_OPTION_TYPES);
  refuseMisspelt(options, Object.keys(CONNECT_OPTION_TYPES));
  if (options.pid !== undefined && options.container !== undefined) {
    throw invalidOption("both a pid and a container are given", "give one of them");
  }
  if (options.container === "") throw invalidOption("the container's name is empty", "name one, or leave it out");
  if (options.containerRoot !== undefined && options.sharedRoot === undefined) {
    throw invalidOption("a container root is given without a shared root", "give both or neither");
  }
  if (options.concurrency !== undefined) requireConcurrency(options.concurrency);
}

/** A container may be gone again, and its pid another's, between its being found and its being pinned. */
const MOST_ATTEMPTS = 3;

function pin({ pid, container }: ConnectOptions): Container {
  if (pid !== undefined) return pinContainer(pid);
  for (let attempt = 1; ; attempt++) {
    const chosen = chooseContainer(container);
    try {
      return pinContainer(chosen.pid, chosen.startTime);
    } catch (error) {
      const isGone = error instanceof ExecutorError && error.code === "TARGET_NOT_FOUND";
      if (!isGone || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}
