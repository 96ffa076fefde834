/* The keeper of one step: it stays outside the container, starts the step, supervises it and reports its end. It shares no
 * memory with anything, and the request, the script, the keyring and the pipes of a step are its own. */
#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>

#include "../syscall.h"

/* Answers a pidfd of the target, -ENOSYS where there are none for us, or -ESRCH: the number alone could by now be
 * another process's, but the directory is the target's for ever, so while that lives the number is right. */
static long pin_target(const struct request *request)
{
    long pidfd = SYSCALL(pidfd_open, request->header.target_pid, 0);
    if (target_is_gone())
        return -ESRCH;
    if (pidfd < 0)
        return is_refused(pidfd) ? -ENOSYS : pidfd;
    struct pollfd ended = {.fd = (int)pidfd, .events = POLLIN};
    struct timespec at_once = {0, 0};
    return SYSCALL(ppoll, &ended, 1, &at_once, NULL, 0) == 0 ? pidfd : -ESRCH;
}

/* The step must not find the agent's keys (keyrings(7)). Where there are no keyrings, or the Pod's seccomp profile
 * forbids them to us and so to the step, nothing is to be hidden. */
static int take_empty_keyring(void)
{
    enum { JOIN_SESSION_KEYRING = 1 };
    long result = SYSCALL(keyctl, JOIN_SESSION_KEYRING, 0, 0, 0, 0);
    if (result == -EDQUOT) /* a user who is not root may have 200: then all of its steps share one */
        result = SYSCALL(keyctl, JOIN_SESSION_KEYRING, "k8s-executor", 0, 0, 0);
    return result == -ENOSYS || result == -EPERM || result > 0 ? 0 : (int)result;
}

/* Should we be killed, the caller still learns what to kill: it reads this only then. The request is a file in memory or,
 * for a caller without FFI, a socket. */
static void tell_processes(long child)
{
    int32_t pids[] = {(int32_t)SYSCALL(getpid), (int32_t)child};
    /* With nothing else in it: what the request held must not stay in memory for the whole of the step. */
    if (SYSCALL(ftruncate, FD_REQUEST, 0) == 0)
        SYSCALL(pwrite64, FD_REQUEST, pids, sizeof pids, 0);
    else
        SYSCALL(write, FD_REQUEST, pids, sizeof pids); /* it may be closed: then there is nobody to tell */
}

/* A step that was given up before it began must not begin: a keeper can be stopped by the container until then. */
static bool is_given_up(void)
{
    struct pollfd control = {.fd = FD_CONTROL, .events = POLLIN};
    struct timespec at_once = {0, 0};
    return SYSCALL(ppoll, &control, 1, &at_once, NULL, 0) == 1 && (control.revents & POLLHUP) != 0;
}

static void close_steps_ends(const struct request *request)
{
    const int given[] = {FD_REQUEST, FD_ROOT, request->script_fd};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        SYSCALL(close, given[i]); /* there may be no script: EBADF */
    if (request->header.flags & REQUEST_CGROUP) /* otherwise the number is free for a pipe of ours */
        SYSCALL(close, FD_CGROUP);
    for (uint32_t i = 0; i < request->header.namespace_count; i++)
        SYSCALL(close, FD_NAMESPACES + i);
    for (uint32_t i = 0; i < request->header.cgroup_count; i++)
        SYSCALL(close, FD_HIERARCHIES + i);
}

/* Answers 0, or -errno with the stage in *progress; *record then says how the step ended. */
static int run_step(struct request *request, struct relay *relay, int *signals, struct step *step,
                    struct progress *progress, struct record *record)
{
    at_stage(progress, STAGE_SUPERVISE);
    int result = (int)SYSCALL(prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (result == 0)
        result = take_empty_keyring();
    if (result < 0)
        return result;
    /* Before anything else is opened, for the caller's own stdin may have been closed: 0 is the step's. */
    at_stage(progress, STAGE_STREAMS);
    result = make_streams(&request->header, &relay->streams);
    if (result < 0)
        return result;
    uint64_t child_signal = 1ull << (SIGCHLD - 1);
    *signals = (int)SYSCALL(signalfd4, -1, &child_signal, sizeof child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    if (*signals < 0)
        return *signals;
    at_stage(progress, STAGE_TARGET);
    long target = pin_target(request);
    if (target < 0 && target != -ENOSYS)
        return (int)target;
    ask_io_priority(request);
    result = open_container(request, progress);
    if (result < 0)
        return result;
    at_stage(progress, STAGE_SCRIPT);
    result = place_script(request);
    if (result < 0)
        return result;
    progress->supervisor = (int32_t)SYSCALL(getpid);
    at_stage(progress, STAGE_SUPERVISE);
    if (is_given_up())
        return -ECANCELED;
    result = spawn_step(request, &relay->streams, progress, step);
    if (result < 0)
        return result;
    tell_processes(step->child);
    close_steps_ends(request);
    close_steps_streams(&relay->streams);
    result = supervise(request, step, *signals, (int)target, relay, &progress->end, record);
    if (result < 0)
        at_stage(progress, STAGE_RELAY);
    return result;
}

int keep_step(uint32_t number)
{
    struct record record = {.kind = RECORD_ENDED, .step = number};
    struct request request = {.header = {.flags = 0}};
    struct relay relay = {.pid = 0, .step = number};
    struct step step = {.child = -1, .channel = -1, .its_children = -1};
    int signals = -1;
    record.stage = STAGE_REQUEST;
    /* The caller's descriptors are close-on-exec, but a program that embeds it may have opened others. */
    long result = close_from(FD_FREE);
    if (result == 0)
        result = receive_request(&request);
    struct progress *progress = result == 0 ? allocate(sizeof *progress, MAP_SHARED) : NULL;
    if (progress) {
        result = run_step(&request, &relay, &signals, &step, progress, &record);
        record.stage = progress->stage;
        record.detail = progress->detail;
        record.kept = progress->kept;
        record.cgroup_error = progress->cgroup_error;
        record.cwd_error = progress->cwd_error;
        record.script_error = request.script_error;
        if (progress->script_in_memory)
            record.flags |= RECORD_SCRIPT_IN_MEMORY;
        record.error = result < 0 ? (int32_t)-result : progress->error;
        if (record.error != 0 && target_is_ending())
            record.flags |= RECORD_TARGET_GONE; /* which is why */
    } else {
        record.error = result < 0 ? (int32_t)-result : ENOMEM;
    }
    if (remove_script(&request) < 0)
        record.flags |= RECORD_SCRIPT_LEFT;
    /* The caller is woken once for all three, and need not wait for our own end. Where there is a relay, they are its. */
    SYSCALL(close, 1);
    SYSCALL(close, 2);
    long written = SYSCALL(write, FD_STATUS, &record, sizeof record);
    outlive_relay(&relay, signals);
    /* A subreaper, that was killed: the process that inherits from the caller must not have to reap it. */
    if (step.child > 0)
        SYSCALL(wait4, step.child, NULL, 0, NULL);
    return written == (long)sizeof record ? 0 : HELPER_FAILED;
}
