/* What the helper writes to the status pipe and reads from the control pipe. src/backend/record.ts is the other end. */
#ifndef K8S_EXECUTOR_RECORD_H
#define K8S_EXECUTOR_RECORD_H

#include <stdbool.h>
#include <stdint.h>

enum record_kind {
    RECORD_READY = 1,     /* by the resident: it serves */
    RECORD_ENDED = 2,     /* by the keeper: how the step ended */
    RECORD_OUTPUT = 3,    /* by the relay: the first output of a stream, whose number is in detail */
    RECORD_DELIVERED = 4, /* by the relay: what the step wrote before its end is in the caller's pipes; detail has a bit for
                           * each stream that something else still holds open */
    RECORD_REFUSED = 5,   /* by the resident: no keeper could be started; error says why */
    RECORD_PROVEN = 7,    /* by the resident: the answer to MESSAGE_PROVE; error, where there is no such connection */
    RECORD_LOST = 6,      /* by the resident: the keeper was killed, before or after its other records */
};

enum record_flag {
    RECORD_TARGET_GONE = 1u << 0, /* the target's main process ended, so the step was killed */
    RECORD_UNREAPED = 1u << 1,    /* the step could not be killed: wait_status says nothing */
    RECORD_SCRIPT_LEFT = 1u << 2, /* the script file could not be removed */
    RECORD_OUTPUT_CUT = 1u << 3,  /* the relay was killed, or could not pass on what it had */
    RECORD_SUBREAPER_LOST = 1u << 5, /* it was killed: what it held is the target's init's now */
    RECORD_RELAYED = 1u << 4,     /* RECORD_DELIVERED follows, when the relay has passed on what there is */
    RECORD_UNCOUNTED = 1u << 6,      /* survivors are only those that were found */
    RECORD_SCRIPT_IN_MEMORY = 1u << 8, /* the step has its script as FD_STEP_SCRIPT, for it could not read the file */
    RECORD_RESIDENT_LOST = 1u << 9, /* the resident was killed, so the step was */
};

/* At most PIPE_BUF, so that those of many keepers do not mix in their common pipe. */
struct record {
    uint32_t kind;
    uint32_t step; /* the caller's number of the step */
    uint32_t flags;
    uint32_t stage;      /* the last stage entered */
    int32_t error;       /* errno of that stage, 0 where it did not fail */
    uint32_t detail;     /* of that stage: the CLONE_NEW* flag of the namespace that could not be joined */
    int32_t wait_status; /* as wait4(2) gives it */
    uint32_t survivors;  /* processes of the step that are still there */
    uint32_t kept;       /* enum kept */
    int32_t cgroup_error; /* errno, with KEPT_CGROUP */
    int32_t group;        /* the step's process group, as the agent counts; 0 where it is not known */
    int32_t cwd_error;    /* errno, where the step is in "/" instead; EXDEV: the directory is outside the root */
    int32_t script_error; /* errno, where the shared root refused to give the script file to the step's user */
    uint32_t reserved;
    uint64_t user_microseconds;
    uint64_t system_microseconds;
    uint64_t max_rss_kib;
};

/* What the step has of the agent's, for the kernel did not allow it the target's. */
enum kept {
    KEPT_CGROUP = 1u << 0,
    KEPT_OOM_SCORE = 1u << 1,
    KEPT_LIMITS = 1u << 2,
    KEPT_GROUPS = 1u << 3,
};
/* One more for each enum attribute. */
#define KEPT_ATTRIBUTE(attribute) (1u << (8 + (attribute)))

/* On the control pipe each byte is a signal for the tree. With this bit, the helper also waits for the whole tree to
 * end, not only for the step's first process. The end of file means that the agent died. */
#define CONTROL_END 0x80
/* No signal: four bytes more follow, the terminal's columns and rows, least significant byte first. */
#define CONTROL_RESIZE 0x7f

/* How the step's first process ended. */
struct step_end {
    bool is_known;
    int32_t wait_status;
    uint64_t user_microseconds;
    uint64_t system_microseconds;
    uint64_t max_rss_kib;
};

/* Where the child tells the supervisor how far it came: shared memory, so the child needs no descriptor for it. */
struct progress {
    uint32_t stage;
    int32_t error;
    uint32_t detail;
    uint32_t kept;
    int32_t cgroup_error;
    int32_t cwd_error;
    bool script_in_memory;
    int32_t supervisor;  /* its pid, for the child to see whether it still is its parent */
    struct step_end end; /* by the subreaper */
};

#endif
