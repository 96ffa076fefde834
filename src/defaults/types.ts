/** What a step in a container is, where it does not say so itself. */
export interface ContainerDefaults {
  /** As the options of the same names. */
  readonly shell?: string | undefined;
  readonly user?: string | undefined;
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** By the name of a container. */
export type Config = ReadonlyMap<string, ContainerDefaults>;
