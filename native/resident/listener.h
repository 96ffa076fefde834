/* How a caller without FFI passes descriptors: it cannot send any, so it connects a socket for each. */
#ifndef K8S_EXECUTOR_LISTENER_H
#define K8S_EXECUTOR_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

/* A connection says first, in a struct message of kind MESSAGE_CONNECTION, whose it is and which descriptor it stands for. */
enum { CONNECTIONS_MOST = 1024 };

struct connection {
    int fd;
    bool is_known; /* it has said so */
    uint32_t step;
    uint32_t place; /* enum passed */
};

struct listener {
    int fd; /* -1 where descriptors are sent */
    long caller;
    uint32_t count;
    struct connection connections[CONNECTIONS_MOST]; /* that have no keeper yet */
};

/* Binds a socket to the path and listens: only this process's parent is accepted. Answers 0 or -errno. */
int make_listener(struct listener *listener, const char *path);

/* Finds the connections of a step, which were all made before this is called. They are the caller's to close. Answers 0, or
 * -errno where one is missing. */
int take_connections(struct listener *listener, uint32_t step, uint32_t count, int *passed);

#endif
