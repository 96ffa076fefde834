/* A process that passes on between the step's pipes and the agent's. It may be made to wait for ever by a step that holds
 * a pipe's lock (streams.c); neither the supervisor nor the agent is then held up. */
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <stdint.h>

#include "step.h"
#include "../syscall.h"

/* How much is copied at once, and how often before another channel has its turn. */
enum { CHUNK = 1 << 16, TURNS = 16 };
#define WNOHANG 1

/* Bytes are copied, not moved: a buffer of the step's making can be a packet (pipe(2), O_DIRECT) or change while it is
 * passed on, and neither shall reach the agent's pipe. */
struct channel {
    int from;
    int to;
    char *chunk;
    size_t begin; /* of what was read and not written yet */
    size_t end;
    size_t owed; /* what the step itself wrote and the agent does not have, once it has ended */
    char last;   /* byte that was read */
    bool is_terminal; /* what is read from */
    bool to_terminal;
    bool is_ending; /* what is still to be written is the end itself */
    bool is_over;
    bool is_broken; /* something was lost on the way, and not because nobody wanted it */
    bool is_reported; /* the caller knows that there is output */
    uint32_t number;  /* of the stream */
    uint32_t step;
};

/* Blocks where the caller does not read, and so it holds up this step only. It is dropped only where the caller has gone. */
static void report(uint32_t step, enum record_kind kind, uint32_t detail, uint32_t flags)
{
    struct record record = {.kind = kind, .step = step, .detail = detail, .flags = flags};
    SYSCALL(write, FD_STATUS, &record, sizeof record);
}

static void finish(struct channel *channel)
{
    channel->is_over = true;
    channel->owed = 0;
    SYSCALL(close, channel->from);
    SYSCALL(close, channel->to);
}

/* A terminal has no end of file: its driver makes one of a character, where that begins a line. */
static void type_end_of_file(struct channel *channel)
{
    enum { END_OF_FILE = 4 };
    channel->chunk[0] = channel->chunk[1] = END_OF_FILE;
    channel->begin = 0;
    channel->end = channel->last == '\n' ? 1 : 2;
    channel->is_ending = true;
}

/* Passes on what there is, but for a few turns only, so that one channel does not starve the others. */
static void pump(struct channel *channel)
{
    for (int turn = 0; turn < TURNS && !channel->is_over; turn++) {
        if (channel->begin == channel->end && channel->is_ending) {
            finish(channel);
            return;
        }
        if (channel->begin == channel->end) {
            long got = SYSCALL(read, channel->from, channel->chunk, CHUNK);
            if (got == -EINTR)
                continue;
            if (got == -EAGAIN) {
                if (!channel->is_terminal) /* whatever was counted: somebody else may read a pipe too */
                    channel->owed = 0;
                return;
            }
            if (got == 0 && channel->to_terminal) {
                type_end_of_file(channel);
                continue;
            }
            if (got <= 0) {
                channel->is_broken = got < 0 && got != -EIO; /* a terminal that nobody has any more */
                finish(channel);
                return;
            }
            channel->begin = 0;
            channel->end = (size_t)got;
            channel->last = channel->chunk[got - 1];
            if (channel->number > 0 && !channel->is_reported) {
                channel->is_reported = true;
                report(channel->step, RECORD_OUTPUT, channel->number, 0);
            }
        }
        long given = SYSCALL(write, channel->to, channel->chunk + channel->begin, channel->end - channel->begin);
        if (given == -EINTR)
            continue;
        if (given == -EAGAIN)
            return;
        if (given <= 0) {
            channel->is_broken = given != -EPIPE && given != -EIO; /* otherwise nobody wants it any more; the writer will see that */
            finish(channel);
            return;
        }
        channel->begin += (size_t)given;
        channel->owed -= (size_t)given < channel->owed ? (size_t)given : channel->owed;
    }
}

/* Two entries each: what would let it go on, and a reader that is gone. */
static void watch(const struct channel *channel, struct pollfd watched[2])
{
    bool has_data = channel->begin < channel->end;
    watched[0] = (struct pollfd){.fd = channel->from, .events = POLLIN};
    watched[1] = (struct pollfd){.fd = channel->to, .events = has_data ? POLLOUT : 0};
    if (has_data || channel->is_over)
        watched[0].fd = -1;
    if (channel->is_over)
        watched[1].fd = -1;
}

static void go_on(struct channel *channel, const struct pollfd watched[2])
{
    if (channel->is_over || (watched[0].revents | watched[1].revents) == 0)
        return;
    if (channel->begin == channel->end && (watched[1].revents & (POLLERR | POLLHUP)))
        finish(channel);
    else
        pump(channel);
}

/* What the step wrote is in the pipe now, or read already. A background process may write more for ever. */
static void count_owed(struct channel *channel)
{
    int in_pipe = 0;
    if (channel->is_over)
        return;
    if (channel->is_terminal) {
        channel->owed = SIZE_MAX; /* until its end: what is on its way through the driver cannot be counted */
        return;
    }
    if (SYSCALL(ioctl, channel->from, FIONREAD, &in_pipe) < 0)
        channel->is_broken = true; /* never, for a pipe */
    channel->owed = channel->end - channel->begin + (size_t)in_pipe;
}

static void relay(struct channel channels[3], int lifeline)
{
    bool step_ended = false;
    bool told = false;
    while (!told || !channels[1].is_over || !channels[2].is_over) {
        struct pollfd watched[7];
        for (int i = 0; i < 3; i++)
            watch(&channels[i], watched + (size_t)i * 2);
        watched[6] = (struct pollfd){.fd = step_ended ? -1 : lifeline, .events = 0};
        long ready = SYSCALL(ppoll, watched, 7, NULL, NULL, 0);
        if (ready < 0 && ready != -EINTR)
            return;
        if (ready > 0 && watched[6].revents) {
            step_ended = true;
            count_owed(&channels[1]);
            count_owed(&channels[2]);
        }
        for (int i = 0; i < 3; i++)
            if (ready > 0)
                go_on(&channels[i], watched + (size_t)i * 2);
        if (step_ended && !told && channels[1].owed == 0 && channels[2].owed == 0) {
            told = true;
            /* The caller has all there is. */
            uint32_t open = (channels[1].is_over ? 0u : 1u << 1) | (channels[2].is_over ? 0u : 1u << 2);
            bool is_broken = channels[1].is_broken || channels[2].is_broken;
            report(channels[1].step, RECORD_DELIVERED, open, is_broken ? RECORD_OUTPUT_CUT : 0);
            channels[1].is_reported = channels[2].is_reported = true;
            SYSCALL(close, FD_STATUS);
        }
    }
}

static int prepare(struct channel *channel, int from, int to)
{
    bool is_over = from < 0 || to < 0;
    *channel = (struct channel){.from = from, .to = to, .last = '\n', .is_over = is_over};
    const int fds[] = {from, to};
    for (int i = 0; i < 2 && !is_over; i++) {
        long flags = SYSCALL(fcntl, fds[i], F_GETFL, 0);
        long result = flags < 0 ? flags : SYSCALL(fcntl, fds[i], F_SETFL, flags | O_NONBLOCK);
        if (result < 0)
            return (int)result;
    }
    return 0;
}

/* Of what the supervisor has open, the relay needs its streams, the word of the step's end, and the status pipe. */
static void keep_only(const struct streams *streams, int lifeline)
{
    for (int fd = 3; fd < FD_FREE + 16; fd++)
        if (fd != FD_STATUS && fd != lifeline && fd != streams->ours[0] && fd != streams->ours[1] &&
            fd != streams->ours[2])
            SYSCALL(close, fd); /* most are not open */
}

static int serve(struct channel channels[3], const struct streams *streams, int lifeline, long supervisor)
{
    /* Whoever stops us shall not have us outlive the supervisor. */
    if (SYSCALL(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || SYSCALL(getppid) != supervisor)
        return HELPER_FAILED;
    keep_only(streams, lifeline);
    char *chunks = allocate(3 * CHUNK, MAP_PRIVATE);
    if (!chunks)
        return HELPER_FAILED;
    for (int i = 0; i < 3; i++)
        channels[i].chunk = chunks + i * CHUNK;
    relay(channels, lifeline);
    return 0;
}

int start_relay(struct relay *relay_process)
{
    struct streams *streams = &relay_process->streams;
    struct channel channels[3];
    int lifeline[2];
    int result = prepare(&channels[0], streams->ours[0] < 0 ? -1 : 0, streams->ours[0]);
    channels[0].to_terminal = streams->are_terminal;
    for (int fd = 1; result == 0 && fd <= 2; fd++) {
        result = prepare(&channels[fd], streams->ours[fd], fd);
        channels[fd].is_terminal = streams->are_terminal;
        channels[fd].number = (uint32_t)fd;
        channels[fd].step = relay_process->step;
    }
    /* The agent's, so that it is woken less often; a socket has no size to set. The step's got their own when they were
     * made, for whoever has a pipe can hold its lock: no call that needs it may be made here. */
    for (int fd = 1; fd <= 2; fd++)
        SYSCALL(fcntl, fd, F_SETPIPE_SZ, PIPE_ROOM);
    if (result == 0)
        result = (int)SYSCALL(pipe2, lifeline, O_CLOEXEC);
    if (result < 0)
        return result;
    long supervisor = SYSCALL(getpid);
    long pid = SYSCALL(clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        int status = serve(channels, streams, lifeline[0], supervisor);
        for (;;)
            SYSCALL(exit_group, status);
    }
    SYSCALL(close, lifeline[0]);
    close_our_streams(streams);
    relay_process->lifeline = lifeline[1];
    relay_process->pid = pid;
    return pid < 0 ? (int)pid : 0;
}

void outlive_relay(struct relay *relay_process, int signals)
{
    if (relay_process->pid <= 0)
        return;
    SYSCALL(close, relay_process->lifeline);
    struct pollfd watched[] = {{.fd = signals, .events = POLLIN}, {.fd = FD_CONTROL, .events = POLLIN}};
    for (;;) {
        unsigned char ignored[sizeof(struct signalfd_siginfo)];
        int status = 0;
        long ended = SYSCALL(wait4, -1, &status, WNOHANG, 0);
        if (ended == relay_process->pid && status != 0) /* it was killed, perhaps before it could say so */
            report(relay_process->step, RECORD_DELIVERED, 0, RECORD_OUTPUT_CUT);
        if (ended == relay_process->pid || ended < 0)
            return;
        if (ended > 0)
            continue;
        long ready = SYSCALL(ppoll, watched, 2, NULL, NULL, 0);
        if (ready > 0 && watched[0].revents)
            SYSCALL(read, signals, ignored, sizeof ignored); /* only to clear it */
        if (ready > 0 && watched[1].revents && SYSCALL(read, FD_CONTROL, ignored, sizeof ignored) == 0) {
            SYSCALL(kill, relay_process->pid, SIGKILL);
            watched[1].fd = -1;
        }
    }
}
