/* The request: everything the agent asks of one step, in one block of memory. src/backend/request.ts writes it. */
#ifndef K8S_EXECUTOR_REQUEST_H
#define K8S_EXECUTOR_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_MAGIC 0x3158384bu /* "K8X1" */
#define REQUEST_MAX_SIZE (32u << 20)
#define REQUEST_MAX_NAMESPACES 8u
#define REQUEST_MAX_GROUPS 65536u
#define REQUEST_MAX_LIMITS 32u
#define REQUEST_MAX_CGROUPS 16u
#define REQUEST_MAX_ATTRIBUTES 16u
#define REQUEST_MAX_AFFINITY 128u /* 8192 processors, as many as a kernel can have */

/* Where the agent puts each descriptor. */
enum descriptor {
    FD_REQUEST = 3,
    FD_STATUS = 4,
    FD_CONTROL = 5,
    FD_TARGET = 6,       /* /proc/<pid> of the target: dead once the target is, whatever becomes of its number */
    FD_ROOT = 7,         /* the target's root directory, O_PATH; opened for each step, as the namespaces are */
    FD_SCRIPT_DIR = 8,   /* directory of the script file, with REQUEST_SCRIPT_FILE */
    FD_CGROUP = 9,       /* the target's cgroup of the unified hierarchy, with REQUEST_CGROUP */
    FD_LIFELINE = 10,    /* at its end once the resident has ended; not open where there is none */
    FD_NAMESPACES = 11,  /* the namespaces to join, in the order of request.namespaces */
    FD_HIERARCHIES = 19, /* cgroup.procs of the target's cgroups in the older hierarchies */
    FD_FREE = 35,        /* the first number that has no meaning */
};

/* Where the step finds a script that has no file: it opens /dev/fd/3. */
enum { FD_STEP_SCRIPT = 3 };
#define STEP_SCRIPT_PATH "/dev/fd/3"

enum request_flag {
    REQUEST_SCRIPT_FILE = 1u << 0,  /* write the script to script_name in FD_SCRIPT_DIR */
    REQUEST_SCRIPT_MEMFD = 1u << 1, /* open the script for the step as FD_STEP_SCRIPT */
    REQUEST_NO_NEW_PRIVILEGES = 1u << 2,
    REQUEST_OUTER_GROUPS = 1u << 3, /* the target's user namespace denies setgroups(2): before it is joined, and as the agent counts */
    REQUEST_STDIN = 1u << 4,       /* the agent gave a stdin; otherwise the step's is at end of file */
    REQUEST_OWN_STREAMS = 1u << 5, /* give the pipes to the step's user, so that it can open /dev/stdout */
    REQUEST_OOM_SCORE = 1u << 6,   /* take oom_score_adj */
    REQUEST_CGROUP = 1u << 7,      /* start the step in FD_CGROUP */
    REQUEST_KILL_LEFTOVERS = 1u << 8, /* end what the step leaves in the background */
    REQUEST_TERMINAL = 1u << 9,       /* the step's streams are a pseudoterminal of the target's */
    REQUEST_HIDDEN_PROCESSES = 1u << 10, /* the agent's /proc does not show all processes */
    REQUEST_ANY_CWD = 1u << 12,       /* nobody asked for cwd: where the step cannot be there, it is in "/" */
    REQUEST_SCRIPT_ANYWHERE = 1u << 13, /* nobody asked for a file: a script that cannot be given to the step's user is in memory */
};

/* Native byte order, no padding; followed by limits, attributes, affinity, groups, namespaces and the strings in the order of struct request. */
struct request_header {
    uint32_t magic;
    uint32_t size; /* of the whole request, this header included */
    uint32_t flags;
    uint32_t target_pid;
    uint64_t bounding_drop; /* what the target's bounding set lacks of what ours has */
    uint64_t permitted;
    uint64_t inheritable;
    uint64_t ambient;
    uint32_t uid;
    uint32_t gid;
    uint32_t umask;
    uint32_t group_count;
    uint32_t namespace_count;
    uint32_t candidate_count;
    uint32_t argument_count;
    uint32_t environment_count;
    uint32_t script_size; /* the last bytes of the request */
    uint32_t script_uid;  /* owner of the script file, as the agent's user namespace counts */
    uint32_t script_gid;
    int32_t oom_score_adj;
    uint32_t limit_count;
    uint32_t cgroup_count;
    uint32_t columns; /* with REQUEST_TERMINAL */
    uint32_t rows;
    uint32_t attribute_count;
    uint32_t affinity_count;
};

/* A namespace to join. */
struct request_namespace {
    uint32_t type;  /* CLONE_NEW* */
    uint32_t inode; /* what /proc/PID/ns/NAME must lead to: the target may have joined another since */
};

/* getrlimit(2) */
struct request_limit {
    uint64_t resource;
    uint64_t soft;
    uint64_t hard;
};

/* What the target has and the agent has not, of what a process keeps over execve(2). */
enum attribute {
    ATTRIBUTE_AFFINITY = 0,        /* not in a request_attribute */
    ATTRIBUTE_POLICY = 1,          /* SCHED_*, and in the upper half the real-time priority */
    ATTRIBUTE_NICE = 2,            /* signed */
    ATTRIBUTE_TIMER_SLACK = 3,     /* nanoseconds */
    ATTRIBUTE_PERSONALITY = 4,     /* personality(2) */
    ATTRIBUTE_COREDUMP_FILTER = 5, /* core(5) */
    ATTRIBUTE_THP_DISABLE = 6,     /* PR_SET_THP_DISABLE */
    ATTRIBUTE_IO_PRIORITY = 7,     /* not in a request_attribute: only a system call tells it */
};
struct request_attribute {
    uint64_t kind;
    uint64_t value;
};

struct request {
    struct request_header header;
    const struct request_limit *limits;
    const struct request_attribute *attributes;
    const uint64_t *affinity; /* a bit for each processor; none: as the agent's */
    const uint32_t *groups;
    const struct request_namespace *namespaces;
    const char *script_name;
    const char *cwd;
    char **candidates; /* absolute paths to try, as execvp(3) would */
    char **arguments;
    char **environment;
    const char *script;
    long io_priority; /* the target's, ioprio_get(2), or -errno, once the keeper has asked */
    int script_fd; /* the script as a memfd, once script.c has made it */
    int script_error; /* errno, where its file could not be given to the step's user */
};

/* How many pointers request_parse needs for the three NULL-ended lists; 0 for a header that cannot be right. */
size_t request_pointer_count(const struct request_header *header);

/* Reads the bytes after the header. Answers false, and leaves *request unspecified, where they do not fit it. */
bool request_parse(const struct request_header *header, char *body, size_t length, char **pointers,
                   struct request *request);

#endif
