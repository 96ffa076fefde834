#include "listener.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "../step/step.h"
#include "resident.h"
#include "../syscall.h"

int make_listener(struct listener *listener, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = 0;
    while (path[length]) {
        if (length + 1 >= sizeof address.sun_path)
            return -ENAMETOOLONG;
        address.sun_path[length] = path[length];
        length++;
    }
    listener->caller = SYSCALL(getppid);
    long fd = SYSCALL(socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return (int)fd;
    listener->fd = (int)fd;
    long result = SYSCALL(bind, fd, &address, sizeof address);
    return result < 0 ? (int)result : (int)SYSCALL(listen, fd, CONNECTIONS_MOST);
}

static bool is_callers(const struct listener *listener, int fd)
{
    struct ucred peer;
    uint32_t size = sizeof peer;
    return SYSCALL(getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == listener->caller;
}

/* Accepts what is waiting. Answers whether there was anything. */
static bool accept_one(struct listener *listener)
{
    if (listener->count == CONNECTIONS_MOST)
        return false;
    long fd = SYSCALL(accept4, listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return false;
    if (is_callers(listener, (int)fd))
        listener->connections[listener->count++] = (struct connection){.fd = (int)fd};
    else
        SYSCALL(close, fd);
    return true;
}

/* Reads what the connection says of itself; nothing yet is no failure. Answers false where it can be closed. */
static bool identify(struct connection *connection)
{
    struct message message;
    if (connection->is_known)
        return true;
    long length = SYSCALL(recvfrom, connection->fd, &message, sizeof message, MSG_DONTWAIT, NULL, NULL);
    if (length == -EAGAIN || length == -EINTR)
        return true;
    if (length != (long)sizeof message || message.kind != MESSAGE_CONNECTION || message.descriptors >= PASSED_MOST)
        return false;
    connection->is_known = true;
    connection->step = message.step;
    connection->place = message.descriptors;
    return true;
}

static void forget(struct listener *listener, uint32_t index)
{
    listener->connections[index] = listener->connections[--listener->count];
}

/* A step that was given up, or failed before it was started, leaves connections that nobody will ask for. Answers whether
 * there were any. */
static bool drop_abandoned(struct listener *listener)
{
    uint32_t before = listener->count;
    for (uint32_t i = 0; i < listener->count;) {
        struct pollfd watched = {.fd = listener->connections[i].fd, .events = 0};
        struct timespec at_once = {0, 0};
        if (SYSCALL(ppoll, &watched, 1, &at_once, NULL, 0) == 1) {
            SYSCALL(close, watched.fd);
            forget(listener, i);
        } else {
            i++;
        }
    }
    return listener->count < before;
}

/* Those of the step that have been accepted, from the given one on. Answers how many were found. */
static uint32_t pick(struct listener *listener, uint32_t step, int *passed)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < listener->count;) {
        struct connection *connection = &listener->connections[i];
        if (!identify(connection)) {
            SYSCALL(close, connection->fd);
            forget(listener, i);
        } else if (connection->is_known && connection->step == step && passed[connection->place] < 0) {
            passed[connection->place] = connection->fd;
            forget(listener, i);
            found++;
        } else {
            i++;
        }
    }
    return found;
}

int take_connections(struct listener *listener, uint32_t step, uint32_t count, int *passed)
{
    uint32_t found = pick(listener, step, passed);
    while (found < count) {
        bool is_accepted = false;
        while (accept_one(listener))
            is_accepted = true;
        /* Those of others take the room, or the descriptors. */
        if (!is_accepted && !drop_abandoned(listener))
            break;
        found += pick(listener, step, passed);
    }
    bool is_whole = found == count && count <= PASSED_MOST;
    for (uint32_t place = 0; place < count && is_whole; place++)
        is_whole = passed[place] >= 0;
    return is_whole ? 0 : -EMFILE;
}
