#!/bin/sh
# Each program that is started here costs as much as the step itself, so none is that need not be.
main=$0
case $main in
  */*) ;;
  # "bash k8s-executor" is looked for in PATH where it is not here.
  *) if [ -f "$main" ]; then main=./$main; else main=$(command -v -- "$main") || exit 125; fi ;;
esac
if [ -L "$main" ]; then main=$(readlink -f "$main"); fi
main=${main%/*}/start.cjs
# dash and BusyBox drop variables whose names are no identifiers (a.b, a-b). The kernel knows them until the exec, so where
# there are any (or no grep -z to tell), the whole environment goes through a pipe. Other shells keep them, or would make a
# file of it.
if [ -z "${BASH_VERSION-}${KSH_VERSION-}${YASH_VERSION-}${ZSH_VERSION-}" ]; then
  { LC_ALL=C grep -Eqz '^([0-9]|[^=]*[^A-Za-z0-9_=])[^=]*=' < "/proc/$$/environ"; } 2> /dev/null
  if [ $? != 1 ]; then
    exec 9<< ENVIRONMENT
$({ base64 < "/proc/$$/environ"; } 2> /dev/null)
ENVIRONMENT
    K8S_EXECUTOR_ENVIRONMENT=9
    export K8S_EXECUTOR_ENVIRONMENT
  fi
fi
# What has our own names by chance is none of ours.
unset K8S_EXECUTOR_CA_CERTS K8S_EXECUTOR_NODE_OPTIONS
# Node 20 reads these certificates whenever it starts, which takes longer than all that we do, and we connect to nobody.
if [ -n "${NODE_EXTRA_CA_CERTS+set}" ]; then
  K8S_EXECUTOR_CA_CERTS=$NODE_EXTRA_CA_CERTS
  export K8S_EXECUTOR_CA_CERTS
  unset NODE_EXTRA_CA_CERTS
fi
# These are for the Node that a job runs, not for ours: a --require that only the container has would end us.
if [ -n "${NODE_OPTIONS+set}" ]; then
  K8S_EXECUTOR_NODE_OPTIONS=$NODE_OPTIONS
  export K8S_EXECUTOR_NODE_OPTIONS
  unset NODE_OPTIONS
fi
# "--", for Node looks for its own --env-file even behind the name of the program.
exec node -- "$main" "$@"
