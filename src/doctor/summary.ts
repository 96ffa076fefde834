import type { Finding } from "./finding.ts";
import type { ContainerReport } from "./report.ts";

function sentence({ label, runs, runsScripts, backend, entry, checks }: ContainerReport): string {
  if (!runs) {
    const obstacle = checks.find(({ status }) => status === "missing");
    return `No step would run in ${label}: ${obstacle?.what ?? "see above"}.`;
  }
  const start = runsScripts
    ? `A step would run in ${label}, by the backend ${backend}`
    : `Programs (exec) would run in ${label}, by the backend ${backend}, and no scripts, for it has no sh`;
  if (!entry) return `${start}; how long an entry takes could not be measured.`;
  const how = entry.program === "true" ? "of true" : "of a program that is not there, for it has no true";
  return `${start}; one entry takes ${entry.medianMs.toFixed(1)} ms (median of ${entry.rounds}, ${how}).`;
}

/**
 * A sentence for each container that counts.
 *
 * @param obstacle What keeps steps from running wherever it is.
 * @param isChosen Whether they count because the user chose.
 */
export function summarize(
  containers: readonly ContainerReport[],
  obstacle: Finding | undefined,
  isChosen: boolean,
): string[] {
  if (obstacle) return [`No step would run: ${obstacle.what}.`];
  const sentences = containers.map(sentence);
  if (!isChosen && containers.length > 1) {
    sentences.push("None of the containers is chosen: run, exec and shell need --container.");
  }
  return sentences;
}
