/* It never touches a step's pipe, a path in the container or a request: a container can make whoever does wait for ever. All
 * of that is done by the keepers, one for each step, so that one that waits holds up no other. */
#include "resident.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>

#include "../step/step.h"
#include "listener.h"
#include "../syscall.h"

#define WNOHANG 1
/* As many keepers as there can be; only the part that was ever used takes memory. */
enum { KEEPERS_MOST = 1 << 17 };
/* How long keepers may take to end their steps once the caller has gone. */
enum { LEAVE_PATIENCE_S = 5 };
/* In the place of a step's number, which is never this: the process that recovers. */
enum { RECOVERY = 0 };

struct keeper {
    int32_t pid;
    uint32_t step;
};

struct resident {
    struct keeper *keepers;
    uint32_t count;
    int signals;
    int lifeline; /* the write end, which nobody else has; -1 once it is closed */
    bool is_leaving;
    struct listener *listener; /* NULL where descriptors are sent with the messages */
    struct message message;    /* as far as it came */
    size_t length;
};

/* A record of our own about a step. It is dropped only where the caller has gone. */
static void report(uint32_t step, enum record_kind kind, long error)
{
    struct record record = {
        .kind = kind, .step = step, .stage = STAGE_FORK, .error = error < 0 ? (int32_t)-error : 0};
    SYSCALL(write, FD_STATUS, &record, sizeof record);
}

static void close_all(const int *descriptors, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (descriptors[i] >= 0)
            SYSCALL(close, descriptors[i]);
}

/* In the keeper: what was passed takes its place, and what is the resident's is closed. */
static int take_places(const struct resident *resident, const int *passed, uint32_t count)
{
    static const int places[] = {FD_REQUEST, FD_CONTROL, 1, 2, 0};
    SYSCALL(close, resident->signals);
    for (uint32_t i = 0; i < count; i++) {
        long result = SYSCALL(dup3, passed[i], places[i], O_CLOEXEC);
        if (result < 0)
            return (int)result;
    }
    return 0;
}

static void start_keeper(struct resident *resident, const struct message *message, const int *passed, uint32_t count)
{
    long pid = -EAGAIN;
    if (resident->count < KEEPERS_MOST)
        pid = SYSCALL(clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        int status = take_places(resident, passed, count) < 0 ? HELPER_FAILED : keep_step(message->step);
        for (;;)
            SYSCALL(exit_group, status);
    }
    if (pid < 0) {
        report(message->step, RECORD_REFUSED, pid);
        return;
    }
    resident->keepers[resident->count++] = (struct keeper){.pid = (int32_t)pid, .step = message->step};
}

static void abandon_keeper(const struct resident *resident, uint32_t step)
{
    for (uint32_t i = 0; i < resident->count; i++)
        if (resident->keepers[i].step == step)
            SYSCALL(kill, resident->keepers[i].pid, SIGKILL);
}

union ancillary {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(PASSED_MOST * sizeof(int))];
};

static uint32_t take_descriptors(const struct msghdr *header, const union ancillary *ancillary, int *passed)
{
    if (header->msg_controllen < sizeof(struct cmsghdr) || ancillary->header.cmsg_type != SCM_RIGHTS)
        return 0;
    size_t length = ancillary->header.cmsg_len - CMSG_LEN(0);
    memcpy(passed, ancillary->bytes + CMSG_LEN(0), length);
    return (uint32_t)(length / sizeof(int));
}

/* Reads on in the message and takes what was sent with it. A socket for messages gives whole ones. Answers whether it is
 * whole now; false also at the end, when there will be no more. */
static bool receive(struct resident *resident, int *passed, uint32_t *count, bool *is_cut)
{
    struct iovec part = {.iov_base = (char *)&resident->message + resident->length,
                         .iov_len = sizeof resident->message - resident->length};
    union ancillary ancillary = {.bytes = {0}};
    /* Not its whole size: in what aligns it, the kernel would put one descriptor more than there is room for in *passed. */
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &ancillary,
                            .msg_controllen = CMSG_LEN(PASSED_MOST * sizeof(int))};
    long length = SYSCALL(recvmsg, FD_REQUEST, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length == -EAGAIN || length == -EINTR)
        return false;
    if (length <= 0) {
        resident->is_leaving = true;
        return false;
    }
    *count = take_descriptors(&header, &ancillary, passed);
    *is_cut = (header.msg_flags & MSG_CTRUNC) != 0;
    resident->length = (resident->length + (size_t)length) % sizeof resident->message;
    return resident->length == 0;
}

/* Takes one message. Answers whether there may be more. */
static bool take_message(struct resident *resident)
{
    int passed[PASSED_MOST] = {-1, -1, -1, -1, -1};
    uint32_t count = 0;
    bool is_cut = false;
    const struct message *message = &resident->message;
    if (!receive(resident, passed, &count, &is_cut))
        return false;
    if (message->kind == MESSAGE_ABANDON) {
        abandon_keeper(resident, message->step);
    } else if (message->kind == MESSAGE_PROVE && resident->listener) {
        report(message->step, RECORD_PROVEN, take_connections(resident->listener, message->step, 1, passed));
    } else if (message->kind == MESSAGE_START) {
        if (resident->listener && take_connections(resident->listener, message->step, message->descriptors, passed) == 0)
            count = message->descriptors;
        if (is_cut || count != message->descriptors || count <= PASSED_STDERR)
            report(message->step, RECORD_REFUSED, -EMFILE);
        else
            start_keeper(resident, message, passed, count);
    }
    close_all(passed, PASSED_MOST);
    return true;
}

static void reap_keepers(struct resident *resident)
{
    for (;;) {
        int status = 0;
        long pid = SYSCALL(wait4, -1, &status, WNOHANG, NULL);
        if (pid <= 0)
            return;
        for (uint32_t i = 0; i < resident->count; i++) {
            if (resident->keepers[i].pid != pid)
                continue;
            if (resident->keepers[i].step == RECOVERY)
                report(RECOVERY, RECORD_READY, 0);
            else if (status != 0)
                report(resident->keepers[i].step, RECORD_LOST, 0);
            resident->keepers[i] = resident->keepers[--resident->count];
            break;
        }
    }
}

/* The keepers see the end of the lifeline and end their steps; those that something stopped do not. */
static void leave(struct resident *resident)
{
    if (resident->lifeline < 0)
        return;
    SYSCALL(close, resident->lifeline);
    resident->lifeline = -1;
    abandon_keeper(resident, RECOVERY);
}

static void kill_keepers(const struct resident *resident)
{
    for (uint32_t i = 0; i < resident->count; i++)
        SYSCALL(kill, resident->keepers[i].pid, SIGKILL);
}

/* What a crash left in the script directory is removed by a process of its own: a file system, or a container that stops it,
 * may keep it waiting for ever. It has nothing by which the caller would take us for alive. */
static void start_recovery(struct resident *resident)
{
    long pid = SYSCALL(clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        SYSCALL(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        SYSCALL(close, FD_REQUEST);
        SYSCALL(close, FD_STATUS);
        recover_scripts(); /* what cannot be listed cannot be tidied up, and steps run all the same */
        for (;;)
            SYSCALL(exit_group, 0);
    }
    if (pid > 0)
        resident->keepers[resident->count++] = (struct keeper){.pid = (int32_t)pid, .step = RECOVERY};
}

static int make_lifeline(struct resident *resident)
{
    int ends[2];
    long result = SYSCALL(pipe2, ends, O_CLOEXEC);
    if (result < 0)
        return (int)result;
    resident->lifeline = ends[1];
    result = SYSCALL(dup3, ends[0], FD_LIFELINE, O_CLOEXEC);
    SYSCALL(close, ends[0]);
    return result < 0 ? (int)result : 0;
}

/* The caller gives a descriptor for every number below FD_FREE, so that none that is received later has one of these. */
static int prepare(struct resident *resident, bool recovers)
{
    int result = (int)SYSCALL(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    resident->keepers = allocate(KEEPERS_MOST * sizeof *resident->keepers, MAP_PRIVATE);
    if (result == 0 && !resident->keepers)
        result = -ENOMEM;
    /* First, so that it has no end of the lifeline. */
    if (result == 0 && recovers)
        start_recovery(resident);
    if (result == 0)
        result = make_lifeline(resident);
    if (result < 0)
        return result;
    uint64_t child_signal = 1ull << (SIGCHLD - 1);
    long signals = SYSCALL(signalfd4, -1, &child_signal, sizeof child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    resident->signals = (int)signals;
    return signals < 0 ? (int)signals : 0;
}

static int listen_for_steps(struct resident *resident, const char *path)
{
    resident->listener = allocate(sizeof *resident->listener, MAP_PRIVATE);
    return resident->listener ? make_listener(resident->listener, path) : -ENOMEM;
}

int serve_steps(bool recovers, const char *listen_at)
{
    struct resident resident = {.count = 0, .signals = -1, .lifeline = -1};
    int result = prepare(&resident, recovers);
    if (result == 0 && listen_at)
        result = listen_for_steps(&resident, listen_at);
    /* Otherwise once the recovery has ended; steps can be started all the same. */
    if (result < 0 || resident.count == 0)
        report(RECOVERY, RECORD_READY, result);
    if (result < 0)
        return HELPER_FAILED;
    while (!resident.is_leaving || resident.count > 0) {
        struct pollfd watched[] = {
            {.fd = resident.signals, .events = POLLIN},
            {.fd = resident.is_leaving ? -1 : FD_REQUEST, .events = POLLIN},
        };
        struct timespec patience = {.tv_sec = LEAVE_PATIENCE_S, .tv_nsec = 0};
        long ready = SYSCALL(ppoll, watched, 2, resident.is_leaving ? &patience : NULL, NULL, 0);
        if (watched[0].revents) {
            struct signalfd_siginfo info;
            SYSCALL(read, resident.signals, &info, sizeof info); /* only to clear it: wait4 tells who */
        }
        while (watched[1].revents && take_message(&resident))
            continue;
        reap_keepers(&resident);
        if (resident.is_leaving)
            leave(&resident);
        if (ready == 0)
            kill_keepers(&resident);
    }
    return 0;
}
