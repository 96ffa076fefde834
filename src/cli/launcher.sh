#!/bin/sh
# Each program that is started here costs as much as the step itself, so avoid starting any that is not needed. The PATH is
# the step's: "command -p" looks for programs where the system has its own. The variables of this script have a prefix: one of the
# same name that was exported would reach the step with our value.
if [ -n "${ZSH_VERSION-}" ]; then emulate sh; fi
k8sx_main=$0
case $k8sx_main in
  */*) ;;
  # "bash k8s-executor" is looked for in PATH where it is not here.
  *) if [ -f "$k8sx_main" ]; then k8sx_main=./$k8sx_main; else k8sx_main=$(command -v -- "$k8sx_main") || exit 125; fi ;;
esac
if [ -L "$k8sx_main" ]; then k8sx_main=$(command -p readlink -f "$k8sx_main" 2> /dev/null || readlink -f "$k8sx_main") || exit 125; fi
k8sx_here=${k8sx_main%/*}

# Node resets the signals that were ignored when it started (nohup), and a shell does not.
unset K8S_EXECUTOR_IGNORED_SIGNALS K8S_EXECUTOR_ENVIRONMENT
if [ -r /proc/self/status ]; then
  while read -r k8sx_field k8sx_value; do
    if [ "$k8sx_field" = SigIgn: ]; then
      K8S_EXECUTOR_IGNORED_SIGNALS=$k8sx_value
      export K8S_EXECUTOR_IGNORED_SIGNALS
      break
    fi
  done < /proc/self/status
fi

# What Node, its libraries, the loader and libc obey is meant for the step's programs, not for ours. These variables travel
# under other names, which own-environment.ts reverses. A line of a value may look like a variable: only those that are set count.
K8S_EXECUTOR_SET_ASIDE=
export K8S_EXECUTOR_SET_ASIDE
IFS='
'
set -f
for k8sx_line in $(export -p); do
  k8sx_name=${k8sx_line%%=*}
  k8sx_name=${k8sx_name##* }
  case $k8sx_name in
    *[!A-Za-z0-9_]*) continue ;;
    NODE_* | UV_* | V8_* | ICU_* | SIMDUTF_* | WATCH_REPORT_DEPENDENCIES | NO_COLOR | FORCE_COLOR | COLORTERM | TERM | DEBUG | DEBUG_* | \
      OPENSSL_* | SSL_* | SSLKEYLOGFILE | QLOGDIR | CARES_* | RES_OPTIONS | RESOLV_* | LOCALDOMAIN | HOSTALIASES | \
      LD_* | GLIBC_TUNABLES | MALLOC_* | GCONV_PATH | GETCONF_DIR | LOCPATH | MUSL_LOCPATH | NLSPATH | NIS_PATH | LIBC_* | \
      GMON_OUT_PREFIX | POSIXLY_CORRECT | LANG | LANGUAGE | LC_* | TZ | TZDIR | TMPDIR | TMP | TEMP | HOME) ;;
    *) continue ;;
  esac
  eval "if [ -n \"\${$k8sx_name+set}\" ]; then
    K8S_EXECUTOR_ASIDE_$k8sx_name=\$$k8sx_name
    export K8S_EXECUTOR_ASIDE_$k8sx_name
    K8S_EXECUTOR_SET_ASIDE=\"\$K8S_EXECUTOR_SET_ASIDE $k8sx_name\"
    unset $k8sx_name
  fi"
done
unset IFS

# dash and BusyBox drop variables whose names are no identifiers (a.b, a-b). The kernel knows them until the exec, so where
# there are any (or no grep -z to tell), the whole environment goes through a pipe. Other shells keep them, or would make a
# file of it.
if [ -z "${BASH_VERSION-}${KSH_VERSION-}${YASH_VERSION-}${ZSH_VERSION-}" ]; then
  { LC_ALL=C command -p grep -Eqz '^([0-9]|[^=]*[^A-Za-z0-9_=])[^=]*=' < "/proc/$$/environ"; } 2> /dev/null
  if [ $? != 1 ]; then
    exec 9<< ENVIRONMENT
$({ command -p base64 < "/proc/$$/environ"; } 2> /dev/null)
ENVIRONMENT
    K8S_EXECUTOR_ENVIRONMENT=9
    export K8S_EXECUTOR_ENVIRONMENT
  fi
fi

fail() {
  printf 'k8s-executor: %s\n' "$1" >&2
  exit 125
}

# Our own Node: the one that compile.cjs recorded here, the one whose npm installed us, one of the PATH (where a relative
# entry would be a pipeline's directory), or one of the usual places.
find_node() {
  k8sx_node=$k8sx_here/node
  if [ -x "$k8sx_node" ]; then return; fi
  k8sx_node=${k8sx_here%/lib/node_modules/*}/bin/node
  if [ "$k8sx_node" != "$k8sx_here/bin/node" ] && [ -f "$k8sx_node" ] && [ -x "$k8sx_node" ]; then return; fi
  IFS=:
  for k8sx_directory in $PATH /usr/local/bin /usr/bin /bin /opt/node/bin /usr/local/node/bin /run/current-system/sw/bin; do
    k8sx_node=$k8sx_directory/node
    case $k8sx_node in /*) if [ -f "$k8sx_node" ] && [ -x "$k8sx_node" ]; then return; fi ;; esac
  done
  fail "the Node that runs k8s-executor itself was not found: there is none at $k8sx_here/node, in the PATH or in the usual places; install Node 20 or newer, or run NODE $k8sx_here/compile.cjs with the path of the one to use"
}
find_node
unset IFS

# A failed exec ends some shells, and others go on.
trap 'fail "the Node that runs k8s-executor itself, $k8sx_node, cannot be started; reinstall it, or run NODE $k8sx_here/compile.cjs with the path of another one"' 0
if [ -n "${BASH_VERSION-}" ]; then shopt -s execfail; fi
# "--", for Node looks for its own --env-file even behind the name of the program.
exec "$k8sx_node" -- "$k8sx_here/start.cjs" "$@"
exit 125
