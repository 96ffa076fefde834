#!/bin/sh
# Waits for the build container, so that no job comes before it is there, and becomes the image's own entrypoint.
# In a Pod with several, K8S_EXECUTOR_TARGET says which one it is, for this and for the tasks.
set -eu

k8s-executor wait --wait 10m
exec /docker-entrypoint.sh "$@"
