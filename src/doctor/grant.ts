import { missingCapabilities, type CapabilityName } from "../container/index.ts";
import { inContainers, type Mend } from "./mend.ts";

/**
 * What gives the agent capabilities that it lacks. To a user who is not root the kernel gives none, whatever the manifest
 * adds; root has those of its bounding set.
 */
export function grant(agent: string, lacks: readonly CapabilityName[]): Mend {
  const becomesRoot = (process.geteuid?.() ?? 0) !== 0;
  const added = (becomesRoot ? missingCapabilities(lacks, "CapBnd") : lacks).map((name) => name.slice("CAP_".length));
  const parts = [
    ...(becomesRoot ? ["run the agent as root"] : []),
    ...(added.length > 0 ? [`add ${added.join(", ")} to the agent's container`] : []),
  ];
  return inContainers(parts.join(", and "), [
    agent,
    [
      "securityContext:",
      ...(becomesRoot ? ["  runAsUser: 0"] : []),
      ...(added.length > 0 ? ["  capabilities:", "    add:", ...added.map((name) => `      - ${name}`)] : []),
    ],
  ]);
}
