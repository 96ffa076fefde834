#!/bin/sh
# Waits for the build container, so that no job comes before it is there, and becomes the image's own entrypoint.
# In a Pod with several, any of them will do, or the one that K8S_EXECUTOR_TARGET names, which is then the tasks' too.
set -eu

k8s-executor wait --wait 10m
exec /docker-entrypoint.sh "$@"
