import { mountFor, type AgentVolume } from "./agent-volume.ts";
import { containerLines, inContainers, inSpec, type Mend } from "./mend.ts";

/** As in examples/pod.yaml. */
const VOLUME = "shared-workspace";
const USUAL_PLACE = "/go";

/** Of a volume whose name is not to be told. */
const NAMELESS: AgentVolume = { name: undefined, subPath: "", below: "" };

/** Where the shared volume is to be. */
export interface SharedPlaces {
  /** In the agent's container. */
  ours: string;
  /** In the others. */
  theirs: string;
}

function mount(place: string, name: string = VOLUME, more: readonly string[] = []): string[] {
  const lines = [`- name: ${name}`, `  mountPath: ${JSON.stringify(place)}`, ...more.map((line) => `  ${line}`)];
  return ["volumeMounts:", ...lines.map((line) => `  ${line}`)];
}

/** The mount, in a container, of a volume that the agent has. */
function mountOfAgents(volume: AgentVolume, theirs: string, more: readonly string[] = []): string[] {
  const { mountPath, subPath } = mountFor(volume, theirs);
  const name = volume.name ?? `${VOLUME} # the volume's name`;
  return mount(mountPath, name, [...(subPath === "" ? [] : [`subPath: ${JSON.stringify(subPath)}`]), ...more]);
}

/** A volume that both containers mount, and the variables that say where. */
export function shareVolume(agent: string, containers: readonly string[], places?: SharedPlaces): Mend {
  const { ours, theirs } = places ?? { ours: USUAL_PLACE, theirs: USUAL_PLACE };
  const variable = (name: string, value: string): string[] => [
    `  - name: ${name}`,
    `    value: ${JSON.stringify(value)}`,
  ];
  return inSpec("mount one volume in both containers, and say where", [
    "volumes:",
    `  - name: ${VOLUME}`,
    "    emptyDir: {}",
    ...containerLines([
      [
        agent,
        [
          "env:",
          ...variable("GO_K8S_CONTAINER_SHARED_ROOT", ours),
          ...variable("GO_K8S_CONTAINER_ROOT", theirs),
          ...mount(ours),
        ],
      ],
      ...containers.map((name): [string, string[]] => [name, mount(theirs)]),
    ]),
  ]);
}

/**
 * The volume that the agent has at its shared root; where it has none there, one that both mount.
 *
 * @param places Of a shared root that the agent has.
 */
export function mountShared(
  agent: string,
  container: string,
  places: SharedPlaces,
  volume: AgentVolume | undefined,
): Mend {
  if (!volume) return shareVolume(agent, [container], places);
  const { ours, theirs } = places;
  return inContainers(`mount the volume that is at ${ours} in the agent's container here, too`, [
    container,
    mountOfAgents(volume, theirs),
  ]);
}

/** The same mount without `readOnly`. */
export function mountWritable(container: string, theirs: string, volume: AgentVolume = NAMELESS): Mend {
  return inContainers(`remove readOnly from the mount at ${mountFor(volume, theirs).mountPath} of this container`, [
    container,
    mountOfAgents(volume, theirs, ["readOnly: false"]),
  ]);
}
