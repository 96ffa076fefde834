#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <signal.h>

#include "step.h"
#include "../syscall.h"

__attribute__((noreturn)) static void become_step(const struct request *request, const struct streams *streams,
                                                  uint32_t joined, int channel, struct progress *progress)
{
    /* From the first moment, for a guest may stop us in any; the change of user clears it, and enter() sets it again. */
    int result = (int)SYSCALL(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (result == 0) {
        /* While /proc is still the agent's. */
        if (joins(request, CLONE_NEWPID))
            send_children(channel);
        take_resources(request, progress);
        if (!(joined & CLONE_NEWUSER))
            result = take_outer_groups(request, progress);
    }
    if (result == 0) {
        result = join_namespaces(request, joined, progress);
    }
    if (result < 0)
        progress->error = -result;
    else
        enter(request, streams, channel, progress);
    for (;;)
        SYSCALL(exit_group, HELPER_FAILED);
}

/* A plain fork: joining a time namespace needs a memory of one's own, joining any a file system context of one's own. */
static long fork_step(const struct request *request, const struct streams *streams, uint32_t joined,
                      unsigned long flags, int channel, struct progress *progress)
{
    long pid = fork_into_cgroup(request, flags, progress);
    if (pid == 0)
        become_step(request, streams, joined, channel, progress);
    if (pid < 0)
        at_stage(progress, STAGE_FORK);
    return pid;
}

/* Without privilege, the pid namespace can be joined only from inside the user namespace, and it is only for
 * children. So a process in the middle joins both and makes the step a child of its own parent, the supervisor, which
 * stays outside, out of the target's reach. */
static long spawn_through_middle(const struct request *request, const struct streams *streams, int channel,
                                 struct progress *progress)
{
    int answer[2];
    long result = SYSCALL(pipe2, answer, O_CLOEXEC);
    if (result < 0)
        return result;
    long middle = SYSCALL(clone, SIGCHLD, 0, 0, 0, 0);
    if (middle == 0) {
        int joined = take_outer_groups(request, progress);
        if (joined == 0)
            joined = join_namespace(request, CLONE_NEWUSER, progress);
        if (joined == 0)
            joined = join_namespace(request, CLONE_NEWPID, progress);
        long pid = joined;
        if (joined == 0)
            pid = fork_step(request, streams, CLONE_NEWUSER | CLONE_NEWPID, CLONE_PARENT, channel, progress);
        long written = SYSCALL(write, answer[1], &pid, sizeof pid);
        for (;;)
            SYSCALL(exit_group, written == (long)sizeof pid ? 0 : HELPER_FAILED);
    }
    long pid = middle < 0 ? middle : -ECHILD;
    SYSCALL(close, answer[1]);
    if (middle > 0) {
        if (SYSCALL(read, answer[0], &pid, sizeof pid) != (long)sizeof pid)
            pid = -ECHILD;
        SYSCALL(wait4, middle, 0, 0, 0); /* it has nothing more to tell */
    }
    SYSCALL(close, answer[0]);
    return pid;
}

/* What the supervisor starts later, the relay, shall be out of the target's reach: back to our own pid namespace. */
static long spawn_in_pid_namespace(const struct request *request, const struct streams *streams, int ours,
                                   int channel, struct progress *progress)
{
    int result = join_namespace(request, CLONE_NEWPID, progress);
    if (result == -EPERM && joins(request, CLONE_NEWUSER))
        return spawn_through_middle(request, streams, channel, progress);
    if (result < 0)
        return result;
    long pid = fork_step(request, streams, CLONE_NEWPID, 0, channel, progress);
    long back = SYSCALL(setns, ours, CLONE_NEWPID);
    if (back == 0 || pid < 0)
        return pid;
    SYSCALL(kill, pid, SIGKILL);
    return back;
}

/* There, what the step leaves would become the child of the target's init, out of our reach: hence the subreaper. */
static long spawn_below_subreaper(const struct request *request, const struct streams *streams, int channel,
                                  struct progress *progress)
{
    long ours = SYSCALL(openat, AT_FDCWD, "/proc/self/ns/pid", O_RDONLY | O_CLOEXEC, 0);
    if (ours < 0)
        return ours;
    long pid = spawn_in_pid_namespace(request, streams, (int)ours, channel, progress);
    SYSCALL(close, ours);
    return pid;
}

int spawn_step(const struct request *request, const struct streams *streams, struct progress *progress,
               struct step *step)
{
    int channel[2] = {-1, -1};
    step->has_subreaper = joins(request, CLONE_NEWPID);
    long pid = step->has_subreaper || streams->are_terminal ? make_channel(channel) : 0;
    if (pid == 0)
        pid = step->has_subreaper ? spawn_below_subreaper(request, streams, channel[1], progress)
                                  : fork_step(request, streams, 0, 0, channel[1], progress);
    if (channel[1] >= 0)
        SYSCALL(close, channel[1]);
    step->channel = channel[0];
    step->its_children = -1;
    step->child = pid;
    step->leader = step->has_subreaper ? 0 : pid;
    return pid < 0 ? (int)pid : 0;
}
