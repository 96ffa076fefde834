#!/bin/sh
main=$(dirname "$(readlink -f "$0")")/main.js
# dash and BusyBox drop variables whose names are no identifiers (a.b, a-b). The kernel knows them until the exec, so where
# there are any, the whole environment goes through a pipe. Other shells keep them, or would make a file of it.
if [ -z "${BASH_VERSION-}${KSH_VERSION-}${YASH_VERSION-}${ZSH_VERSION-}" ] && {
  tr '\0' '\n' < "/proc/$$/environ" | LC_ALL=C grep -Eq '^([0-9]|[^=]*[^A-Za-z0-9_=])[^=]*='
} 2> /dev/null; then
  exec 9<< ENVIRONMENT
$(base64 < "/proc/$$/environ")
ENVIRONMENT
  K8S_EXECUTOR_ENVIRONMENT=9
  export K8S_EXECUTOR_ENVIRONMENT
fi
# "--", for Node looks for its own --env-file even behind the name of the program.
exec node -- "$main" "$@"
