/* The step's ends of its streams are pipes that nobody but the helper shares with it. Whoever has a pipe can hold its
 * lock: a splice(2) from a socket into it keeps every other reader waiting, uninterruptibly, until the socket has
 * data. That must never be the agent, whose event loop would stand still. So the relay (relay.c) reads them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include "step.h"
#include "../syscall.h"

/* A pipe that is at its end, rather than the agent's /dev/null: whoever has that open can change its mode. */
static int empty_stdin(void)
{
    int ends[2];
    long result = SYSCALL(pipe2, ends, O_CLOEXEC);
    if (result < 0)
        return (int)result;
    SYSCALL(close, ends[1]);
    if (ends[0] == 0) /* the agent's own stdin was closed */
        return (int)SYSCALL(fcntl, 0, F_SETFD, 0);
    result = SYSCALL(dup3, ends[0], 0, 0);
    SYSCALL(close, ends[0]);
    return result < 0 ? (int)result : 0;
}

static int make_pipe(int *steps, int *ours, bool step_reads)
{
    int ends[2];
    long result = SYSCALL(pipe2, ends, O_CLOEXEC);
    if (result < 0)
        return (int)result;
    /* Now, for later the step may hold its lock. A user who has much in pipes already gets less room. */
    SYSCALL(fcntl, ends[0], F_SETPIPE_SZ, PIPE_ROOM);
    *steps = ends[step_reads ? 0 : 1];
    *ours = ends[step_reads ? 1 : 0];
    return 0;
}

int make_streams(const struct request_header *header, struct streams *streams)
{
    bool with_stdin = (header->flags & REQUEST_STDIN) != 0;
    *streams = (struct streams){.steps = {0, -1, -1}, .ours = {-1, -1, -1}};
    if (header->flags & REQUEST_TERMINAL) {
        *streams = (struct streams){.steps = {0, 1, 2}, .ours = {-1, -1, -1}, .are_terminal = true};
        return with_stdin ? 0 : empty_stdin();
    }
    /* First, so that 0, 1 and 2 are all taken and no pipe gets one of these numbers. */
    int result = with_stdin ? make_pipe(&streams->steps[0], &streams->ours[0], true) : empty_stdin();
    for (int fd = 1; result == 0 && fd <= 2; fd++)
        result = make_pipe(&streams->steps[fd], &streams->ours[fd], false);
    /* Opening /dev/stdout opens the pipe anew, with the rights of whoever does. Where we may not give it away we may
     * not become that user either, and entering says so. */
    for (int fd = 0; result == 0 && fd <= 2; fd++)
        if (header->flags & REQUEST_OWN_STREAMS)
            SYSCALL(fchown, streams->steps[fd], header->script_uid, header->script_gid);
    return result;
}

int use_terminal(struct streams *streams, int terminal, bool with_stdin)
{
    streams->ours[1] = terminal;
    if (!with_stdin)
        return 0;
    /* One for each direction, for each is closed when that is over. */
    long result = SYSCALL(fcntl, terminal, F_DUPFD_CLOEXEC, 3);
    streams->ours[0] = result < 0 ? -1 : (int)result;
    return result < 0 ? (int)result : 0;
}

int take_streams(const struct streams *streams)
{
    for (int fd = 0; fd <= 2; fd++) {
        long result = streams->steps[fd] == fd ? 0 : SYSCALL(dup3, streams->steps[fd], fd, 0);
        if (result < 0)
            return (int)result;
    }
    return 0;
}

static void close_all(const int fds[3])
{
    for (int i = 0; i <= 2; i++)
        if (fds[i] > 2)
            SYSCALL(close, fds[i]);
}

void close_steps_streams(const struct streams *streams)
{
    close_all(streams->steps);
}

void close_our_streams(const struct streams *streams)
{
    close_all(streams->ours);
    for (int fd = 0; fd <= 2; fd++)
        SYSCALL(close, fd);
}

bool streams_are_over(const struct streams *streams)
{
    if (streams->are_terminal)
        return true; /* what has it, has a relay */
    for (int fd = 1; fd <= 2; fd++) {
        struct pollfd watched = {.fd = streams->ours[fd], .events = POLLIN};
        struct timespec at_once = {0, 0};
        if (SYSCALL(ppoll, &watched, 1, &at_once, NULL, 0) != 1 || watched.revents != POLLHUP)
            return false;
    }
    return true;
}
