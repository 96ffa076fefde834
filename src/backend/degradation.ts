import type { BackendName } from "../result/index.ts";
import type { BackendChoice } from "./choose.ts";

/**
 * What a user must be told who did not ask for nsenter by name.
 *
 * @param asked The option of connect().
 * @returns Undefined where steps have the container's privileges, or nsenter was asked for.
 */
export function degradation(
  asked: BackendChoice | undefined,
  { backend, backendReason }: { backend: BackendName; backendReason: string },
): string | undefined {
  if (backend !== "nsenter" || asked === "nsenter") return undefined;
  return `the script keeps the agent's capabilities, for it goes through nsenter: ${backendReason}`;
}
