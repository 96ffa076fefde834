/** How to mend something. */
export interface Mend {
  /** In words. */
  text: string;
  /** What to add to the Pod's manifest: lists by name, and what is there stays. */
  yaml: string | undefined;
}

/** Something that no manifest mends. */
export function byHand(text: string): Mend {
  return { text, yaml: undefined };
}

function indent(lines: readonly string[], by: number): string[] {
  return lines.map((line) => `${" ".repeat(by)}${line}`);
}

/** Adds to the Pod's spec. */
export function inSpec(text: string, lines: readonly string[]): Mend {
  return { text, yaml: ["spec:", ...indent(lines, 2)].join("\n") };
}

/** Adds to containers of the Pod, by their names. */
export function inContainers(text: string, ...containers: readonly (readonly [string, readonly string[]])[]): Mend {
  return inSpec(text, containerLines(containers));
}

/** The lines of a spec that are of containers. */
export function containerLines(containers: readonly (readonly [string, readonly string[]])[]): string[] {
  return ["containers:", ...containers.flatMap(([name, lines]) => indent([`- name: ${name}`, ...indent(lines, 2)], 2))];
}
