import type { ProcessIdentity } from "./process-identity.ts";

/** Who is compared. */
export interface Contenders {
  /** By `podman exec`. */
  podman: ProcessIdentity;
  /** A step of ours, from the agent's container. */
  native: ProcessIdentity;
  /** What plain nsenter made, which keeps what is the agent's. */
  nsenter: ProcessIdentity;
  /** The build container's main process. */
  main: ProcessIdentity;
  /** What the command line said with --verbose. */
  notes: string;
}

/** A difference between our step and `podman exec` that there is for a reason. */
export interface KnownDifference {
  field: RegExp;
  because: string;
  /** Whether the values differ in just this way. */
  holds(contenders: Contenders): boolean;
}

const value = (identity: ProcessIdentity, field: string): string => identity.get(field) ?? "";
const names = (identity: ProcessIdentity): string[] => value(identity, "environment").split(" ");

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    field: /^NoNewPrivs$/,
    because: "the agent has `allowPrivilegeEscalation: false`, which the kernel passes on to all that it starts",
    holds: ({ podman, native }) => value(podman, "NoNewPrivs") === "0" && value(native, "NoNewPrivs") === "1",
  },
  {
    field: /^Groups$/,
    because: "the main process's; podman exec leaves out those that the runtime itself gave to it",
    holds: ({ native, main }) => value(native, "Groups") === value(main, "Groups"),
  },
  {
    field: /^descriptor 0$/,
    because: "an empty pipe rather than the agent's /dev/null, whose mode a step could change",
    holds: ({ podman, native }) =>
      value(podman, "descriptor 0") === "/dev/null" && value(native, "descriptor 0") === "pipe",
  },
  {
    field: /^environment$/,
    because:
      "the main process's variables, with PWD and the step's id and without GO_EA_*; podman takes the image's and the manifest's",
    holds({ native, main }) {
      const expected = new Set([
        ...names(main).filter((name) => !name.startsWith("GO_EA_")),
        "K8S_EXECUTOR_STEP",
        "PWD",
      ]);
      return names(native).join(" ") === [...expected].toSorted().join(" ");
    },
  },
  {
    field: /^parent$/,
    because: "the helper supervises it from the agent's container; podman's monitor is outside the Pod",
    holds: ({ podman, native }) => value(podman, "parent") === "outside" && value(native, "parent") === "in the Pod",
  },
  {
    field: /^cgroup$/,
    because: "the agent's, where the runtime shows it no cgroups but its own; the result's limitations say so",
    holds: ({ native, nsenter, notes }) =>
      value(native, "cgroup") === value(nsenter, "cgroup") &&
      /cgroup was not joined \((mounted read-only|not to be seen)/.test(notes),
  },
];
