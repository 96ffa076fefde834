/* What a keeper knows of the step that it supervises; supervise.c, ending.c and events.c share it, and nothing else does. */
#ifndef K8S_EXECUTOR_SUPERVISION_H
#define K8S_EXECUTOR_SUPERVISION_H

#include "step.h"

struct supervision {
    struct step *step;
    const struct step_end *reported; /* by the subreaper */
    bool child_ended; /* the step's first process, and with it the subreaper unless something is left for that */
    bool group_empty;
    bool has_no_child; /* the kernel said so: nothing of the step's, nor any other process of ours, is to be looked for */
    bool ending;  /* the agent asked for the end of the whole tree, not only of its first process */
    bool killing; /* and the time for doing so politely is over */
    int64_t give_up_at;
    uint64_t early; /* signals for a step that its subreaper has not started yet */
    bool has_heard;     /* from the channel */
    bool hides;         /* the agent's /proc shows not all processes */
    bool has_stdin;
    bool is_relayed;
    int failure;  /* of the relay, -errno */
    int terminal; /* its master, or -1 */
    int slave;    /* so that a step that closes its terminal can open it again, as long as it runs */
    uint32_t columns; /* what was asked for before there was a terminal; 0: nothing */
    uint32_t rows;
    unsigned char resize[5]; /* a message for it, as far as it came */
    size_t resize_length;
    struct relay *relay;
    struct record *record;
};

/* ending.c: signals to the whole tree, and whether it has ended. */
long subreaper_of(const struct step *step);
bool is_reported(const struct supervision *s);
/* Signal 0 reaches nobody, but tells whether anything is there. Answers how many processes are, as far as they can be found. */
uint32_t signal_tree(struct supervision *s, int signal);
void kill_tree(struct supervision *s);
bool settled(struct supervision *s);
void count_survivors(const struct supervision *s);

/* events.c: what the kernel, those inside and the caller tell. */
void reap(struct supervision *s);
void listen_inside(struct supervision *s);
void obey(struct supervision *s);
void relay_from_now_on(struct supervision *s);

#endif
