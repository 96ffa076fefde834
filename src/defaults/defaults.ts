import type { Container } from "../container/index.ts";
import type { Config, ContainerDefaults } from "./types.ts";

/** What a container says of itself in its own environment. */
const VARIABLES = { shell: "K8S_EXECUTOR_SHELL", user: "K8S_EXECUTOR_USER", cwd: "K8S_EXECUTOR_CWD" } as const;

/**
 * A container's defaults: those of the configuration for the first of its names that is in there, and then its own.
 *
 * @param config As read by readConfig.
 */
export function defaultsOf({ names, environment }: Container, config: Config): ContainerDefaults {
  const name = names.find((known) => config.has(known.name))?.name;
  const configured = name === undefined ? undefined : config.get(name);
  const own = (key: keyof typeof VARIABLES): string | undefined => {
    const value = environment.get(VARIABLES[key])?.toString() ?? "";
    return value === "" ? undefined : value;
  };
  return {
    shell: configured?.shell ?? own("shell"),
    user: configured?.user ?? own("user"),
    cwd: configured?.cwd ?? own("cwd"),
    env: configured?.env ?? {},
  };
}
