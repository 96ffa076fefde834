import { KNOWN_DIFFERENCES } from "./known-differences.ts";
import { PACKAGE, type Pod } from "./pod.ts";
import type { Output } from "./podman.ts";
import { parseIdentity, PRINT_IDENTITY, type ProcessIdentity } from "./process-identity.ts";

/** One field of a process in the build container, by who started it. */
export interface Row {
  field: string;
  podman: string;
  native: string;
  nsenter: string;
  main: string;
  /** Why our step's is another than podman's; undefined where it is the same, or nobody knows. */
  because: string | undefined;
  isExplained: boolean;
}

function identityOf({ status, stdout, stderr }: Output): ProcessIdentity {
  const identity = parseIdentity(stdout);
  // Some files cannot be read everywhere; without these, there would be nothing to compare.
  if (status === null || !identity.has("CapEff") || !identity.has("descriptor 0")) {
    throw new Error(`the process did not tell who it is (exit status ${status}): ${stdout}${stderr}`);
  }
  return identity;
}

/** Asks a process that `podman exec`, our native backend and plain nsenter each started in the build container. */
export function compareIdentities(pod: Pod): Row[] {
  const print = ["sh", "-c", PRINT_IDENTITY];
  const pid = String(pod.pid);
  const podman = identityOf(pod.build(print));
  const main = identityOf(pod.build([...print, "sh", pid]));
  const cli = [`${PACKAGE}/dist/cli/k8s-executor`, "exec", "--verbose", "--backend", "native"];
  const ours = pod.agent([...cli, "--pid", pid, "--", ...print]);
  const native = identityOf(ours);
  const nsenter = identityOf(pod.agent(["nsenter", "-t", pid, "-m", "--", ...print]));
  const fields = new Set([...podman.keys(), ...native.keys()]);
  return [...fields].map((field) => {
    const told = (identity: ProcessIdentity): string => identity.get(field) ?? "none";
    const isSame = told(podman) === told(native);
    const known = KNOWN_DIFFERENCES.find((difference) => difference.field.test(field));
    const because =
      !isSame && known?.holds({ podman, native, nsenter, main, notes: ours.stderr }) ? known.because : undefined;
    return {
      field,
      podman: told(podman),
      native: told(native),
      nsenter: told(nsenter),
      main: told(main),
      because,
      isExplained: isSame || because !== undefined,
    };
  });
}
