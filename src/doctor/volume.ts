import { containerLines, inContainers, inSpec, type Mend } from "./mend.ts";

/** As in examples/pod.yaml. */
const VOLUME = "shared-workspace";
const USUAL_PLACE = "/go";

/** Where the shared volume is to be. */
export interface SharedPlaces {
  /** In the agent's container. */
  ours: string;
  /** In the others. */
  theirs: string;
}

function mount(place: string): string[] {
  return ["volumeMounts:", `  - name: ${VOLUME}`, `    mountPath: ${JSON.stringify(place)}`];
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

/** The same mount without `readOnly`. */
export function mountWritable(container: string, place: string): Mend {
  const [list = "", name = "", path = ""] = mount(place);
  return inContainers("let the container write to the volume", [container, [list, name, path, "    readOnly: false"]]);
}
