/* How far the entry came. The numbers are the wire format: src/backend/stage.ts names the same list, and a
 * test compares the two. */
#ifndef K8S_EXECUTOR_STAGE_H
#define K8S_EXECUTOR_STAGE_H

enum stage {
    STAGE_NONE = 0,
    STAGE_REQUEST = 1,
    STAGE_SUPERVISE = 2,
    STAGE_TARGET = 3,
    STAGE_FORK = 4,
    STAGE_NAMESPACE = 5,
    STAGE_ROOT = 6,
    STAGE_SESSION = 7,
    STAGE_DESCRIPTORS = 8,
    STAGE_GROUPS = 9,
    STAGE_GID = 10,
    STAGE_BOUNDING = 11,
    STAGE_UID = 12,
    STAGE_CAPABILITIES = 13,
    STAGE_PRIVILEGES = 14,
    STAGE_CWD = 15,
    STAGE_CWD_OUTSIDE = 16,
    STAGE_SIGNALS = 17,
    STAGE_EXEC = 18,
    STAGE_SCRIPT = 19,
    STAGE_SCRIPT_PATH = 20,
    STAGE_STREAMS = 21,
    STAGE_RELAY = 22,
    STAGE_TERMINAL = 23,
};

#endif
