import type { Container } from "../container/index.ts";
import type { Config, ContainerDefaults } from "./types.ts";

/** What a container says of itself in its own environment. */
const VARIABLES = { shell: "K8S_EXECUTOR_SHELL", user: "K8S_EXECUTOR_USER", cwd: "K8S_EXECUTOR_CWD" } as const;

/** CAP_SETGID and CAP_SETUID, capabilities(7). */
const MAY_CHANGE_USER = (1n << 6n) | (1n << 7n);

/**
 * Whether the container's main process could become another user by itself. Only then does it choose its steps' user: what runs
 * in it can set its environment, and must not become more by that than it is.
 */
function mayChooseUser({ identity }: Container): boolean {
  return identity.uid === 0 && (identity.capabilities.permitted & MAY_CHANGE_USER) === MAY_CHANGE_USER;
}

/**
 * A container's defaults: those of the configuration for the first of its names that is in there, and then its own.
 *
 * @param config As read by readConfig.
 */
export function defaultsOf(container: Container, config: Config): ContainerDefaults {
  const { names, environment } = container;
  const name = names.find((known) => config.has(known.name))?.name;
  const configured = name === undefined ? undefined : config.get(name);
  const own = (key: keyof typeof VARIABLES): string | undefined => {
    const value = environment.get(VARIABLES[key])?.toString() ?? "";
    return value === "" ? undefined : value;
  };
  return {
    shell: configured?.shell ?? own("shell"),
    user: configured?.user ?? (mayChooseUser(container) ? own("user") : undefined),
    cwd: configured?.cwd ?? own("cwd"),
    env: configured?.env ?? {},
  };
}
