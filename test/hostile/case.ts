/** One attack of a hostile container, and the proof that it gets nothing. */
export interface HostileCase {
  name: string;
  /** As for canRun, test/support/require.ts. */
  needs: readonly string[];
  /** Throws a Violation where the attack succeeded. */
  run: () => Promise<void>;
}

/** The attack succeeded. Any other error means that the case itself went wrong. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** The backends that promise to withstand a hostile container; nsenter's limitations say that it does not. */
export const SUPERVISED = ["native", "helper"] as const;

/**
 * How often an attack that needs luck is repeated. Beside a mutant it ends with the first success, and has so many chances that
 * a busy machine cannot hide one.
 */
export function chances(usual: number): number {
  return process.env["K8S_EXECUTOR_MUTANT"] === undefined ? usual : usual * 40;
}
