/** What --help prints. */
export const HELP = `k8s-executor: runs scripts and programs in a neighbour container of the same Pod

  k8s-executor run  [options] [script-file | -]     a script; - reads it from stdin
  k8s-executor exec [options] command [args...]     a program, without a shell
  k8s-executor shell [options]                      an interactive shell, bash or sh
  k8s-executor worker [options]                     serves GoCD's task messages
  k8s-executor containers [--json]                  the containers of the Pod
  k8s-executor wait [options]                       until a container is there and ready
  k8s-executor install DIR [--helper] [--cli]       copies programs for other containers there
  k8s-executor doctor [options]                     whether steps would run, and what would mend it

Which container
  --container NAME       its name, pid, or id or the beginning of it (default
                         $K8S_EXECUTOR_TARGET, or else the pid below, or else the only one)
  --pid N                its main process            (default $GO_K8S_CONTAINER_PID)
  --shared-root DIR      the shared volume, as here  (default $GO_K8S_CONTAINER_SHARED_ROOT)
  --container-root DIR   the same, as it sees it     (default $GO_K8S_CONTAINER_ROOT, or
                         the shared root)
  --wait TIME            wait so long for it, as 60s
  --probe COMMAND        and until this exits with 0 in it: a script for its sh, or a program
                         without one as a list in JSON, ["pg_isready","-q"]
  --config FILE          defaults for containers by name: shell, user, cwd, env (default
                         $K8S_EXECUTOR_CONFIG, or /etc/k8s-executor.json)
  --backend NAME         auto (native or helper), native, helper or nsenter; one by name is never
                         replaced
  --allow-degraded       let auto take nsenter where the others do not work: steps then keep the
                         agent's capabilities

What to run
  --script TEXT          the script itself
  --shell NAME           sh (default), bash, zsh or any interpreter
  --transport NAME       file (in the shared root) or memfd (in memory)
  --env NAME=VALUE       a variable; NAME alone passes ours on; repeatable
  --env-file FILE        variables, one in a line; keeps secrets off the command line
  --pass-env GLOB        those of our variables with such a name (* any text, ? one character);
                         repeatable
  --no-job-env           inside a GoCD job, the job's variables go in by themselves: not with this
  --mask NAME            the value of this variable shows as ****** in the output; repeatable
  --cwd DIR              working directory, as the container sees it or below the shared root;
                         a relative one counts from its main process's
                         (default: ours if it is there, else the container's)
  --user UID[:GID]       who the step is, by number or by a name that the container knows
                         (default: the user of its main process)
  --groups LIST          its supplementary groups, separated by commas
  --privileged           a step that is root keeps the agent's capabilities
  --interactive, -i      pass our stdin on; --stdin is the same
  --tty, -t              give it a terminal; -it to work in one
  --timeout TIME         end it after 30s, 5m, 500ms ...; a number alone is seconds, 0 never
  --kill-leftovers       end what the script leaves in the background (default: it stays)
  --kill-after TIME      from the polite signal to SIGKILL (default 5s)

A worker: of the options above those that say which container (where a task names none), --mask
(wherever a job has the variable), --timeout and --kill-after, and
  --socket PATH          a Unix socket for several clients (default: stdin and stdout)
  --drain                the first SIGTERM waits for running tasks; the second cancels them

Installing, as an init container does it, to a volume that other containers mount:
  DIR/pause              the main process of a container that only waits for steps
  --helper               also DIR/k8s-executor-helper
  --cli                  also this command line, DIR/k8s-executor/bin/k8s-executor, which needs Node

Wait: the options that say which container. Without a choice any other container will do, but a
probe needs one. --wait is 60s by default. Its exit status is 0 when it is there and ready.

Doctor: --container, --pid, --shared-root, --container-root, --config and --allow-degraded as
above, and --json for the whole of it as one object on stdout. Its exit status is 0 if a step would
run, else 1.

What to say
  --json[=FILE]          the result as one line of JSON, to FILE or to descriptor 3
  --lines                pass on whole lines at once, so that those of stdout and stderr do not
                         get into each other (default inside a GoCD job)
  --quiet                no header and no footer, which there are inside a GoCD job
  --verbose              how it is done, and header and footer, on stderr
  --help, --version

Exit status: the script's own; 128+n when signal n killed it; 124 timed out; 125 failure of
k8s-executor itself; 126 not executable; 127 not found.
`;
