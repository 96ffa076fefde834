/* The resident: one process for a container, which starts a keeper for each step. src/backend/native/resident.ts is the
 * other end of its socket. */
#ifndef K8S_EXECUTOR_RESIDENT_H
#define K8S_EXECUTOR_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>

enum message_kind {
    MESSAGE_START = 1,   /* with descriptors, in the order of enum passed */
    MESSAGE_ABANDON = 2, /* kill the step's keeper, which does not answer */
    MESSAGE_CONNECTION = 3, /* on a connection (listener.h): `descriptors` is the one of enum passed that it stands for */
    MESSAGE_PROVE = 4,   /* answer whether a connection of this number came: then the caller's connections come here */
};

/* What comes with MESSAGE_START. The stdin may be missing: then the step's is at end of file. */
enum passed {
    PASSED_REQUEST = 0,
    PASSED_CONTROL = 1,
    PASSED_STDOUT = 2,
    PASSED_STDERR = 3,
    PASSED_STDIN = 4,
    PASSED_MOST = 5,
};

struct message {
    uint32_t kind;
    uint32_t step;        /* the caller's number; all its records have it */
    uint32_t descriptors; /* how many were sent: some are lost where this process may not have as many open */
    uint32_t reserved[13];
};

/* Serves until the socket at FD_REQUEST is closed. `recovers`: first removes what a crash left in FD_SCRIPT_DIR. `listen_at`:
 * where to accept descriptors as connections, or NULL where they are sent. Answers the exit status. */
int serve_steps(bool recovers, const char *listen_at);

#endif
