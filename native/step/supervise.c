/* The keeper while its step runs: outside the target, it waits for the step's end and for what the caller asks. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

#include "supervision.h"
#include "../syscall.h"

/* A pid namespace ends by its init killing everybody else first, and it counts as alive until they are reaped: the
 * step's SIGKILL comes before any word of the target's own end, and a fork there fails. /proc/PID/stat has that in its flags, field 9. */
bool target_is_ending(void)
{
    enum { PF_EXITING = 0x4 };
    struct process_stat stat;
    return read_process_stat(FD_TARGET, "stat", &stat) ? (stat.flags & PF_EXITING) != 0 : target_is_gone();
}

/* Nothing else says so: without a descriptor to read with, for one, nothing is known. */
bool target_is_gone(void)
{
    long found = SYSCALL(faccessat, FD_TARGET, "stat", 0);
    return found == -ENOENT || found == -ESRCH;
}

int supervise(const struct request *request, struct step *step, int signals, int target, struct relay *relay,
              const struct step_end *reported, struct record *record)
{
    struct supervision s = {.step = step,
                            .reported = reported,
                            .hides = (request->header.flags & REQUEST_HIDDEN_PROCESSES) != 0,
                            .has_stdin = (request->header.flags & REQUEST_STDIN) != 0,
                            .terminal = -1,
                            .slave = -1,
                            .relay = relay,
                            .record = record};
    bool kills_leftovers = (request->header.flags & REQUEST_KILL_LEFTOVERS) != 0;
    struct pollfd watched[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = FD_CONTROL, .events = POLLIN},
        {.fd = target, .events = POLLIN}, /* negative where there are no pidfds: poll passes it over */
        {.fd = relay->streams.ours[1], .events = POLLIN},
        {.fd = relay->streams.ours[2], .events = POLLIN},
        {.fd = step->channel, .events = POLLIN},
        {.fd = FD_LIFELINE, .events = 0}, /* without a resident, something that cannot be polled */
    };
    if (relay->streams.ours[0] >= 0)
        relay_from_now_on(&s);
    while (!settled(&s)) {
        /* What the subreaper reaps, and what ends of a group that has other parents, makes no signal: look now and then. */
        struct timespec patience = {.tv_sec = 0, .tv_nsec = 20 * 1000000};
        struct timespec without_pidfd = {.tv_sec = 0, .tv_nsec = 100 * 1000000};
        struct timespec *until = s.ending || s.killing ? &patience : target < 0 ? &without_pidfd : NULL;
        if (s.is_relayed)
            watched[3].fd = watched[4].fd = -1;
        long ready = SYSCALL(ppoll, watched, 7, until, NULL, 0);
        if (ready < 0 && ready != -EINTR) {
            kill_tree(&s);
            continue;
        }
        if (watched[0].revents) {
            struct signalfd_siginfo info;
            SYSCALL(read, signals, &info, sizeof info); /* only to clear it: reap() asks the kernel itself */
        }
        /* Before the end is looked at: what it says of the end came before that. */
        if (watched[5].revents)
            listen_inside(&s);
        if (watched[5].revents & (POLLHUP | POLLERR))
            watched[5].fd = -1;
        reap(&s);
        if (watched[1].revents) {
            obey(&s);
            if (s.killing)
                watched[1].fd = -1; /* nothing more can be asked, and an end of file would be reported for ever */
        }
        if (watched[2].revents || (target < 0 && target_is_ending())) {
            record->flags |= RECORD_TARGET_GONE;
            watched[2].fd = -1;
            kill_tree(&s);
        }
        if (watched[6].revents)
            watched[6].fd = -1;
        if (watched[6].revents & POLLHUP) {
            record->flags |= RECORD_RESIDENT_LOST;
            kill_tree(&s);
        }
        /* Only a step that says something, or is told something, needs a relay. */
        if ((watched[3].revents | watched[4].revents) & POLLIN)
            relay_from_now_on(&s);
        for (int i = 3; i <= 4; i++)
            if (watched[i].revents & (POLLHUP | POLLERR))
                watched[i].fd = -1;
        if (s.killing || s.failure < 0 || (kills_leftovers && s.child_ended))
            kill_tree(&s);
    }
    if (step->channel >= 0)
        listen_inside(&s); /* the step may have come and gone since we looked */
    count_survivors(&s);
    if (s.slave >= 0)
        SYSCALL(close, s.slave); /* the relay comes to the terminal's end now */
    if (subreaper_of(step) > 0)
        SYSCALL(kill, step->child, SIGKILL); /* what is left becomes the child of the target's init */
    record->group = (int32_t)step->leader;
    if (!s.child_ended)
        record->flags |= RECORD_UNREAPED;
    if ((record->wait_status & 0x7f) == SIGKILL && target_is_ending())
        record->flags |= RECORD_TARGET_GONE;
    if (!s.is_relayed && !streams_are_over(&relay->streams))
        relay_from_now_on(&s);
    if (relay->pid > 0)
        record->flags |= RECORD_RELAYED;
    return s.failure;
}
