/* The child's way from the agent's world into the target's. Each step is tried in this order for a reason that
 * stands beside it; the first that fails ends the child. */
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <signal.h>
#include <unistd.h>

#include "step.h"
#include "../syscall.h"

/* All namespaces are joined and the root directory is set while the descriptors for that are open; then they are
 * closed, so that no path the target controls (/proc/self/fd/7 as a working directory) can lead back through one. */
static int take_root(void)
{
    long result = SYSCALL(fchdir, FD_ROOT);
    if (result < 0)
        return (int)result;
    /* setns(mnt) put us at the namespace's root; the target may be chrooted below it. */
    return (int)SYSCALL(chroot, ".");
}

static int close_descriptors(const struct request *request, int channel)
{
    unsigned int first = FD_STEP_SCRIPT;
    if (request->header.flags & REQUEST_SCRIPT_MEMFD) {
        long result = SYSCALL(dup3, request->script_fd, FD_STEP_SCRIPT, 0);
        if (result < 0)
            return (int)result;
        first++;
    }
    if (channel >= 0) {
        long result = SYSCALL(dup3, channel, FD_CHANNEL, O_CLOEXEC);
        if (result < 0)
            return (int)result;
        if (first < FD_CHANNEL)
            SYSCALL(close, FD_STEP_SCRIPT);
        first = FD_CHANNEL + 1;
    }
    /* The keeper closed what the caller had above. */
    return close_between(first, FD_FREE + 16);
}

/* A working directory outside the root shows as "(unreachable)/..." in the raw system call; libc hides that. */
static int change_cwd(const char *cwd, struct progress *progress)
{
    char path[PATH_MAX + 16];
    at_stage(progress, STAGE_CWD);
    long result = SYSCALL(chdir, cwd);
    if (result < 0)
        return (int)result;
    at_stage(progress, STAGE_CWD_OUTSIDE);
    result = SYSCALL(getcwd, path, sizeof path);
    if (result < 0)
        return (int)result;
    return path[0] == '/' ? 0 : -ENOENT;
}

static bool is_same(const char *one, const char *other)
{
    while (*one && *one == *other) {
        one++;
        other++;
    }
    return *one == *other;
}

/* The agent wrote there where the step was to be; a value of the job's own stays. */
static void correct_pwd(const struct request *request)
{
    for (char **entry = request->environment; *entry; entry++) {
        const char *at = *entry;
        if (at[0] == 'P' && at[1] == 'W' && at[2] == 'D' && at[3] == '=' && is_same(at + 4, request->cwd))
            *entry = (char *)(uintptr_t) "PWD=/";
    }
}

static int take_cwd(const struct request *request, struct progress *progress)
{
    int result = change_cwd(request->cwd, progress);
    if (result == 0 || !(request->header.flags & REQUEST_ANY_CWD))
        return result;
    progress->cwd_error = progress->stage == STAGE_CWD_OUTSIDE ? EXDEV : -result;
    correct_pwd(request);
    return change_cwd("/", progress);
}

/* The last argument. The shell would say so too, but with an exit status that could be the script's own. */
static int reach_script(const struct request *request, struct progress *progress)
{
    char **path = &request->arguments[request->header.argument_count - 1];
    int result = (int)SYSCALL(faccessat, AT_FDCWD, *path, R_OK);
    if ((result != -EACCES && result != -EPERM) || request->script_error == 0 ||
        !(request->header.flags & REQUEST_SCRIPT_ANYWHERE))
        return result;
    int fd = script_in_memory(request);
    if (fd < 0)
        return result; /* still the truth */
    if (fd == FD_STEP_SCRIPT) {
        result = (int)SYSCALL(fcntl, fd, F_SETFD, 0);
    } else {
        long copied = SYSCALL(dup3, fd, FD_STEP_SCRIPT, 0);
        SYSCALL(close, fd);
        result = copied < 0 ? (int)copied : 0;
    }
    *path = (char *)(uintptr_t)STEP_SCRIPT_PATH;
    progress->script_in_memory = true;
    return result;
}

/* The dispositions are the default ones already: whoever started the helper saw to that, at no cost of ours. */
static int unblock_signals(void)
{
    uint64_t none = 0;
    return (int)SYSCALL(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
}

/* A name without a slash is looked for; any other is a path, and its error is its own. */
static bool is_name(const char *command)
{
    while (*command && *command != '/')
        command++;
    return *command == '\0';
}

/* The search of execvp(3): what is not there is passed over, what may not be run is remembered. A directory that cannot be
 * looked into is passed over too, as every shell does: a loop of links, a file system whose server is gone. An error of a file that is there is that
 * of the program. */
static int execute(const struct request *request)
{
    bool is_search = is_name(request->arguments[0]);
    long remembered = -ENOENT;
    for (char **path = request->candidates; *path; path++) {
        long result = SYSCALL(execve, *path, request->arguments, request->environment);
        bool is_missing = result == -ENOENT || result == -ENOTDIR;
        if (result == -EACCES)
            remembered = result;
        else if (!is_missing && !(is_search && SYSCALL(faccessat, AT_FDCWD, *path, F_OK) < 0))
            return (int)result;
    }
    return (int)remembered;
}

/* Should the supervisor be killed, the step's first process dies. One that was killed before that was asked for sends
 * nothing: a guest that sees the agent's processes can do that. From a pid namespace of its own it cannot, and there
 * the parent's number is 0 whoever that is. */
static int die_with_supervisor(const struct request *request, const struct progress *progress)
{
    long result = SYSCALL(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (result < 0)
        return (int)result;
    return joins(request, CLONE_NEWPID) || SYSCALL(getppid) == progress->supervisor ? 0 : -ESRCH;
}

void enter(const struct request *request, const struct streams *streams, int channel, struct progress *progress)
{
    at_stage(progress, STAGE_ROOT);
    int result = take_root();
    if (result == 0) {
        at_stage(progress, STAGE_SESSION);
        result = (int)SYSCALL(setsid);
        result = result < 0 ? result : 0;
    }
    if (result == 0) {
        at_stage(progress, STAGE_DESCRIPTORS);
        result = take_streams(streams);
    }
    if (result == 0)
        result = close_descriptors(request, channel);
    if (result == 0)
        result = take_identity(request, progress);
    if (result == 0) {
        /* Only now, for a change of uid clears it, and makes dumpable again where the machine's administrator chose so. */
        result = (int)SYSCALL(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
    if (result == 0) {
        result = die_with_supervisor(request, progress);
    }
    if (result == 0) {
        SYSCALL(umask, request->header.umask); /* cannot fail; answers the old one */
        /* As the target's user, so that its permissions count. */
        result = take_cwd(request, progress);
    }
    if (result == 0 && (request->header.flags & REQUEST_SCRIPT_FILE)) {
        at_stage(progress, STAGE_SCRIPT_PATH);
        result = reach_script(request, progress);
    }
    if (result == 0 && joins(request, CLONE_NEWPID))
        result = fork_below_subreaper(progress);
    if (result == 0 && streams->are_terminal)
        result = take_terminal(&request->header, progress); /* by the leader of the session */
    if (result == 0) {
        at_stage(progress, STAGE_SIGNALS);
        result = unblock_signals();
    }
    if (result == 0) {
        at_stage(progress, STAGE_EXEC);
        result = execute(request);
    }
    progress->error = -result;
}
