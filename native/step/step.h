#ifndef K8S_EXECUTOR_STEP_H
#define K8S_EXECUTOR_STEP_H

#include "record.h"
#include "request.h"
#include "stage.h"
#include "../start.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>

/* The helper's own exit status where it could not even report. */
enum { HELPER_FAILED = 125 };

/* Whether there is no such system call for us: the kernel does not know it, or a seccomp filter answers in its place, as those
 * of Docker before 20.10 and of gVisor do. Only for calls that answer EPERM for no reason of their own. */
static inline bool is_refused(long result)
{
    return result == -ENOSYS || result == -EPERM;
}

/* descriptors.c: closes all descriptors from a number on; they answer 0 or -errno. The second is for where /proc is not the
 * agent's, and where nothing is open at `end` or above. */
int close_from(unsigned int first);
int close_between(unsigned int first, unsigned int end);

/* trial.c: tells the agent which system calls are refused to us, one in a line. Answers false where it could not, or where
 * nothing is refused although all is not well. */
bool report_trial(bool is_well);

/* receive.c: reads the request from its descriptor, into memory of its own. Answers 0 or -errno. */
int receive_request(struct request *request);
/* Zeroed memory, MAP_PRIVATE or MAP_SHARED; NULL where there is none. */
void *allocate(size_t length, int sharing);

/* streams.c: the step's stdin, stdout and stderr, [0] to [2]. They answer 0 or -errno. A terminal is in their place once
 * it is there: until then, none of them is. */
struct streams {
    int steps[3];
    int ours[3]; /* -1 for a stdin that is at its end */
    bool are_terminal;
};
int use_terminal(struct streams *streams, int terminal, bool with_stdin);
int make_streams(const struct request_header *header, struct streams *streams);
int take_streams(const struct streams *streams);
void close_steps_streams(const struct streams *streams);
void close_our_streams(const struct streams *streams);
/* Whether stdout and stderr are at their end, with nothing left to read. */
bool streams_are_over(const struct streams *streams);

enum { PIPE_ROOM = 1 << 18 };

/* relay.c: copies between the step's streams and the agent's, in a process of its own. Answers 0 or -errno. */
struct relay {
    struct streams streams;
    uint32_t step; /* the caller's number, for its records */
    long pid;     /* 0 where it was not needed yet, or has ended */
    int lifeline; /* closed at the step's end */
};
int start_relay(struct relay *relay);
/* Once the record is out: waits until the relay has passed on what a background process may still write, or the caller
 * wants no more of it. Staying as its parent, we leave no zombie to the caller's. `signals`: of SIGCHLD. */
void outlive_relay(struct relay *relay, int signals);

/* enter.c: makes this process the step. `channel`: to the supervisor, or -1. Returns only where that failed, with *progress
 * saying how. */
void enter(const struct request *request, const struct streams *streams, int channel, struct progress *progress);

/* join.c: joins the namespaces, but for pid where the supervisor has joined it already. Answers 0 or -errno. */
int join_namespaces(const struct request *request, uint32_t skip, struct progress *progress);
int join_namespace(const struct request *request, uint32_t type, struct progress *progress);
bool joins(const struct request *request, uint32_t type);

/* identity.c: becomes the target's user, with no more than its capabilities. Answers 0 or -errno. */
/* Before the user namespace is joined: the groups, where they cannot be set inside. */
int take_outer_groups(const struct request *request, struct progress *progress);
int take_identity(const struct request *request, struct progress *progress);

/* What spawn.c started. Without a subreaper, our child is the step's first process and leads the step's process group. */
struct step {
    long child;
    long leader; /* of the group, as our pid namespace counts; 0 while it is not known */
    bool has_subreaper; /* that is our child then */
    int channel;        /* to what we started inside, or -1 */
    int its_children;   /* /proc/PID/task/PID/children of the subreaper, or -1 */
};
/* Starts the step's first process. Answers 0 or -errno. */
int spawn_step(const struct request *request, const struct streams *streams, struct progress *progress,
               struct step *step);

/* channel.c: what those inside tell the supervisor. [0] is its end, [1] theirs. Answers 0 or -errno. */
int make_channel(int channel[2]);
enum { FD_CHANNEL = 4 }; /* theirs, until the step's execve */
enum word {
    WORD_CHILDREN = 'c',  /* by the subreaper, the first of all, from outside: with the list of its children */
    WORD_STARTED = 's',   /* by the step's first process, below a subreaper */
    WORD_LEFTOVERS = 'l', /* by the subreaper: that has ended, and left something */
    WORD_TERMINAL = 't',  /* with the descriptor of its master */
};
int say(int channel, enum word word, int descriptor);
struct heard {
    int word;
    int descriptor; /* -1: none */
    long speaker;   /* the pid, by the kernel's word */
};
/* Answers false where there is nothing to hear. */
bool hear(int channel, struct heard *heard);

/* terminal.c: the step's streams become a pseudoterminal, and the supervisor gets its master. They answer 0 or -errno. */
int take_terminal(const struct request_header *header, struct progress *progress);
int set_terminal_size(int terminal, uint32_t columns, uint32_t rows);

/* subreaper.c: a process of ours between supervisor and step, inside the target's pid namespace. Forks: the step's first
 * process goes on, the other stays as its subreaper and never returns. Answers 0 or -errno. */
int fork_below_subreaper(struct progress *progress);
void note_end(struct step_end *end, int wait_status, const struct rusage *usage);

/* attributes.c: the target's CPU affinity, nice value and so on. What is refused is noted in *progress. */
void take_attributes(const struct request *request, struct progress *progress);
/* In the keeper, which still counts as the caller does. */
void ask_io_priority(struct request *request);

/* Answers the length of the number's text, which is not ended by a NUL. At most 11. */
size_t decimal(char *to, int32_t value);

/* resources.c: the target's cgroup, oom_score_adj and limits, and its attributes. What is refused is noted in *progress. */
void take_resources(const struct request *request, struct progress *progress);
/* Forks, into the target's cgroup where that is asked for and possible. Answers as fork(2), or -errno. */
long fork_into_cgroup(const struct request *request, unsigned long flags, struct progress *progress);

/* The kernel's struct linux_dirent64. */
struct directory_entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

/* owner.c: the mark of a script file that is ours, as a time, from its name; false for a name that is none of ours. */
bool owner_mark(const char *name, struct timespec *mark);
/* Marks and locks a file that was just made, until this process ends. */
void own_script(long fd, const char *name);
/* Removes what a crash left in the script directory. Answers 0 or -errno. */
int recover_scripts(void);

/* open_container.c: the target's root and namespaces, at FD_ROOT and FD_NAMESPACES. Answers 0 or -errno: ESRCH where it has
 * ended, ESTALE where it is in another namespace by now. */
int open_container(const struct request *request, struct progress *progress);

/* keeper.c: runs one step from the descriptors of enum descriptor. Answers the exit status: 0 once its record is written. */
int keep_step(uint32_t number);

/* script.c: puts the script where the step finds it, and takes it away. They answer 0 or -errno. */
int place_script(struct request *request);
/* The script as a memfd; answers its descriptor, which is closed on exec. */
int script_in_memory(const struct request *request);
int remove_script(const struct request *request);

/* supervise.c: stays until the step has ended, and says how in *record. Answers 0, or -errno where it had to end the
 * step because its output could not be passed on. */
int supervise(const struct request *request, struct step *step, int signals, int target, struct relay *relay,
              const struct step_end *reported, struct record *record);

bool target_is_ending(void);
/* Whether it has ended, and was reaped. */
bool target_is_gone(void);

/* process_stat.c: what /proc/PID/stat tells. Answers false where there is no such process. */
struct process_stat {
    char state;
    long parent;
    long group;
    uint32_t flags;
};
bool read_process_stat(int directory, const char *path, struct process_stat *stat);

/* group.c: whether a process group has a member that is no zombie. kill(2) counts zombies, and in a pid namespace whose
 * init never waits they stay for ever. Where /proc hides processes, kill(2) must do. */
bool group_lives(long group, bool hides);
/* How many, but for the children of one process. Answers false where that cannot be known. */
bool living_members(long group, long but_of, uint32_t *count);

/* children.c: what is below the supervisor. */
struct tree {
    long spared;      /* neither counts nor gets anything; 0: none */
    long subreaper;   /* nor does this, but what is its to reap; 0: none */
    int its_children; /* the list of that, or -1 */
};
/* Sends the signal (0: none) to the processes that are ours to reap, but for the members of a group that got it already (0:
 * none), and answers how many there are. Any but SIGKILL goes to their descendants too. Not all are found where a list cannot be
 * read: then *is_complete is false. */
uint32_t children_signal(const struct tree *tree, int signal, long signalled_group, bool *is_complete);
/* Sends the list of this process's own children to the supervisor, before the target is entered. */
void send_children(int channel);

/* unaided.c: for an agent without FFI. Answers -errno, or does not return. */
int run_from_sealed_copy(char **argv);

/* Marks the stage that is about to be tried. */
static inline void at_stage(struct progress *progress, enum stage stage)
{
    progress->stage = (uint32_t)stage;
}

#endif
