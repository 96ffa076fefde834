import { ExecutorError } from "../errors/index.ts";
import { missingCapabilities, type CapabilityName } from "./capabilities.ts";

/**
 * The error for an operation that the kernel refused: names the capabilities that are missing.
 *
 * @param action What was refused, as "join its mnt namespace".
 * @param wanted The capabilities that would have allowed it.
 */
export function permissionDenied(
  action: string,
  wanted: readonly CapabilityName[],
  cause?: unknown,
  details: Readonly<Record<string, string | number>> = {},
): ExecutorError {
  const missing = missingCapabilities(wanted);
  const reason = missing.length > 0 ? `this process lacks ${missing.join(" and ")}` : "the kernel refused it";
  const remedy =
    missing.length > 0
      ? `add ${missing.map((name) => name.slice(4)).join(" and ")} to securityContext.capabilities.add of the agent's container`
      : "check the Pod's seccomp and AppArmor profiles, and whether the target has more capabilities than the agent";
  return new ExecutorError("PERMISSION_DENIED", {
    problem: `not permitted to ${action}: ${reason}`,
    remedy,
    cause,
    details,
  });
}
