/**
 * What runtimes name a container's cgroup by: cri-containerd-ID.scope, crio-ID.scope, docker-ID.scope, libpod-ID, or the ID.
 * podman has a Pod's id above it, as libpod_pod_ID or, without systemd, as libpod_parent/ID.
 */
const ID = /(?<![0-9a-f]|pod_|libpod_parent\/)[0-9a-f]{64}(?![0-9a-f])/;

/**
 * The id that a container's runtime gave it.
 *
 * @param cgroups The text of /proc/PID/cgroup.
 * @returns The first in a path, for a container may make cgroups with names of its choice below its own.
 */
export function containerId(cgroups: string): string | undefined {
  return ID.exec(cgroups)?.[0];
}
