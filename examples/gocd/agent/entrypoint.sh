#!/bin/sh
# Waits for the build container's main process, tells the agent its pid, and becomes the image's own entrypoint. The pid is
# that of the first process in another mount namespace than ours, but for pid 1, which is the Pod's own pause container.
set -eu

build_pid() {
  ours=$(readlink /proc/self/ns/mnt)
  for p in $(ls /proc | grep -x '[0-9]*' | sort -n); do
    theirs=$(readlink "/proc/$p/ns/mnt") || true
    if [ "$p" != 1 ] && [ -d "/proc/$p" ] && [ "$theirs" != "$ours" ]; then
      echo "$p"
      return
    fi
  done
}

pid=$(build_pid)
[ -n "$pid" ] || echo "$0: waiting for the build container (shareProcessNamespace: true?)" >&2
while [ -z "$pid" ]; do
  sleep 0.2
  pid=$(build_pid)
done
export GO_K8S_CONTAINER_PID="$pid"
exec /docker-entrypoint.sh "$@"
