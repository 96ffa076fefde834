/* In a pid namespace of the target's own, orphans become the children of its init, which we cannot tell from others. So a
 * process of ours stays between the supervisor and the step: orphans become its children, and the supervisor, who sees
 * into the namespace from above, can find and end them there. It is inside the target and may be killed, stopped or
 * traced by it, so it has the step's identity, no descriptor but its end of a channel, and decides nothing. */
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "step.h"
#include "../syscall.h"

#define WNOHANG 1
/* How long, after the supervisor was killed, the agent may take to end what is left. */
enum { ORPHANED_S = 5 };

void note_end(struct step_end *end, int wait_status, const struct rusage *usage)
{
    end->wait_status = wait_status;
    end->user_microseconds = (uint64_t)usage->ru_utime.tv_sec * 1000000u + (uint64_t)usage->ru_utime.tv_usec;
    end->system_microseconds = (uint64_t)usage->ru_stime.tv_sec * 1000000u + (uint64_t)usage->ru_stime.tv_usec;
    end->max_rss_kib = (uint64_t)usage->ru_maxrss;
    __atomic_store_n(&end->is_known, true, __ATOMIC_RELEASE); /* last, for the other side may look at any moment */
}

/* Whether children are left. */
static bool reap(long step, struct step_end *end)
{
    for (;;) {
        struct rusage usage;
        int status = 0;
        long pid = SYSCALL(wait4, -1, &status, WNOHANG, &usage);
        if (pid == 0 || pid == -EINTR)
            return true;
        if (pid < 0)
            return false;
        if (pid == step)
            note_end(end, status, &usage);
    }
}

/* Nothing of the step's stays open or busy because of us. */
static long leave_everything(void)
{
    for (int fd = 0; fd < FD_CHANNEL; fd++)
        SYSCALL(close, fd); /* there may be no script */
    long result = SYSCALL(chdir, "/");
    /* The supervisor's death closes the channel, and then what is left is to be ended first. */
    return result < 0 ? result : SYSCALL(prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
}

static void stay(long step, struct step_end *end)
{
    uint64_t child_signal = 1ull << (SIGCHLD - 1);
    if (leave_everything() < 0)
        return;
    long signals = SYSCALL(signalfd4, -1, &child_signal, sizeof child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    struct pollfd watched[] = {{.fd = (int)signals, .events = POLLIN}, {.fd = FD_CHANNEL, .events = 0}};
    bool told = false;
    while (signals >= 0) {
        bool has_children = reap(step, end);
        if (end->is_known && !has_children)
            return;
        if (end->is_known && !told) {
            told = true;
            say(FD_CHANNEL, WORD_LEFTOVERS, -1);
        }
        struct timespec patience = {.tv_sec = ORPHANED_S, .tv_nsec = 0};
        long ready = SYSCALL(ppoll, watched, 2, watched[1].fd < 0 ? &patience : NULL, NULL, 0);
        if (ready == 0 || (ready < 0 && ready != -EINTR))
            return;
        if (watched[0].revents) {
            struct signalfd_siginfo info;
            SYSCALL(read, signals, &info, sizeof info); /* only to clear it */
        }
        if (watched[1].revents) {
            watched[1].fd = -1;
            SYSCALL(kill, -step, SIGKILL); /* the agent sees what has left the group */
            if (!end->is_known)
                SYSCALL(kill, step, SIGKILL); /* it may not lead its group yet */
        }
    }
}

int fork_below_subreaper(struct progress *progress)
{
    at_stage(progress, STAGE_FORK);
    long result = SYSCALL(prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (result < 0)
        return (int)result;
    long subreaper = SYSCALL(getpid);
    long step = SYSCALL(clone, SIGCHLD, 0, 0, 0, 0);
    if (step < 0)
        return (int)step;
    if (step > 0) {
        stay(step, &progress->end);
        for (;;)
            SYSCALL(exit_group, 0);
    }
    at_stage(progress, STAGE_SESSION);
    result = SYSCALL(setsid);
    if (result > 0)
        result = SYSCALL(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (result == 0 && SYSCALL(getppid) != subreaper)
        result = -ESRCH;
    if (result == 0)
        say(FD_CHANNEL, WORD_STARTED, -1);
    return (int)result;
}
