/* The helper's second life: outside the target, it waits for the step's end and for the agent's word. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>

#include "step.h"
#include "../syscall.h"

#define WNOHANG 1
#define WUNTRACED 2
enum { STOPPED = 0x7f }; /* the low byte of a wait status */
/* How long a kill may take before the supervisor says that it did not work. */
#define KILL_PATIENCE_MS 700

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

static int64_t now_ms(void)
{
    struct timespec now = {0, 0};
    SYSCALL(clock_gettime, CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void take_end(struct supervision *s, const struct step_end *end)
{
    s->child_ended = true;
    s->record->wait_status = end->wait_status;
    s->record->user_microseconds = end->user_microseconds;
    s->record->system_microseconds = end->system_microseconds;
    s->record->max_rss_kib = end->max_rss_kib;
}

static long subreaper_of(const struct step *step)
{
    return step->has_subreaper ? step->child : 0;
}

static struct tree tree_of(const struct supervision *s)
{
    return (struct tree){
        .spared = s->relay->pid, .subreaper = subreaper_of(s->step), .its_children = s->step->its_children};
}

static bool is_reported(const struct supervision *s)
{
    return __atomic_load_n(&s->reported->is_known, __ATOMIC_ACQUIRE);
}

static void hang_up(struct supervision *s)
{
    if (s->terminal >= 0)
        SYSCALL(close, s->terminal);
    if (s->slave >= 0)
        SYSCALL(close, s->slave);
    s->terminal = s->slave = -1;
}

/* Ends zombies, ours and those reparented to us, and remembers how the step's own first process ended. */
static void reap(struct supervision *s)
{
    for (;;) {
        struct rusage usage;
        int status = 0;
        long pid = SYSCALL(wait4, -1, &status, WNOHANG | WUNTRACED, &usage);
        s->has_no_child = pid == -ECHILD;
        if (pid <= 0)
            return;
        if ((status & 0xff) == STOPPED) {
            if (pid == subreaper_of(s->step)) /* by the target, and then nobody would tell us of the step's end */
                SYSCALL(kill, pid, SIGCONT);
            continue;
        }
        if (pid == s->relay->pid) {
            s->relay->pid = 0;
            s->record->flags |= RECORD_OUTPUT_CUT; /* it stays until it is told of the step's end */
            hang_up(s); /* nobody reads it any more, and the step would wait for that */
        }
        if (pid != s->step->child)
            continue;
        s->step->child = 0;
        /* A subreaper that was killed reports nothing, and has taken the step with it. */
        struct step_end end = {.is_known = false};
        note_end(&end, status, &usage);
        if (s->step->has_subreaper && !is_reported(s))
            s->record->flags |= RECORD_SUBREAPER_LOST;
        take_end(s, is_reported(s) ? s->reported : &end);
    }
}

/* To the process group and to everything that is our child or was reparented to us. The group's number stays taken
 * while it has members, also after its leader was reaped; once it was seen empty, it may be somebody else's. Before the step's
 * first process has made the group, the signal goes to that process alone: only a group that was reached has it. */
static uint32_t signal_tree(struct supervision *s, int signal)
{
    long leader = s->step->leader;
    long signalled_group = 0;
    if (leader <= 0 && signal == SIGKILL && s->step->child > 0) {
        SYSCALL(kill, s->step->child, SIGKILL); /* below the subreaper there is nothing yet that could be left behind */
    } else if (leader <= 0 && signal > 0) {
        s->early |= 1ull << (signal - 1);
        signal = 0; /* sent once the subreaper has started the step, and not now as well */
    }
    /* Once a subreaper has reaped the leader, the number may be anybody's; but then all members are below the subreaper. */
    if (s->step->has_subreaper && is_reported(s))
        leader = 0;
    if (leader > 0 && !s->group_empty) {
        long result = SYSCALL(kill, -leader, signal);
        if (result == 0)
            signalled_group = leader;
        else if (result == -ESRCH && s->child_ended)
            s->group_empty = true;
    }
    const struct tree tree = tree_of(s);
    bool is_complete;
    return children_signal(&tree, signal, signalled_group, &is_complete);
}

static void relay_from_now_on(struct supervision *s)
{
    if (s->is_relayed)
        return;
    s->is_relayed = true;
    s->failure = start_relay(s->relay);
}

static void take_terminal_over(struct supervision *s, int master)
{
    s->terminal = (int)SYSCALL(fcntl, master, F_DUPFD_CLOEXEC, 3);
    s->slave = s->terminal < 0 ? -1 : (int)SYSCALL(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    int result = use_terminal(&s->relay->streams, master, s->has_stdin);
    if (s->terminal < 0 || s->slave < 0)
        result = s->terminal < 0 ? s->terminal : s->slave;
    if (result == 0 && s->columns > 0)
        result = set_terminal_size(s->terminal, s->columns, s->rows);
    relay_from_now_on(s);
    if (s->failure == 0)
        s->failure = result;
}

/* What is the subreaper's to reap, who leads the step's process group, what its terminal is, and that it has left something. */
static void listen(struct supervision *s)
{
    struct heard heard;
    while (hear(s->step->channel, &heard)) {
        bool is_first = !s->has_heard;
        s->has_heard = true;
        if (heard.word == WORD_CHILDREN && is_first) {
            /* From outside the target. What claims that later may come from inside, with a list of others' processes. */
            s->step->its_children = heard.descriptor;
            continue;
        }
        if (heard.word == WORD_STARTED && s->step->leader == 0) {
            s->step->leader = heard.speaker;
            for (int signal = 1; signal <= 64; signal++)
                if (s->early & 1ull << (signal - 1))
                    signal_tree(s, signal);
        } else if (heard.word == WORD_LEFTOVERS && is_reported(s)) {
            take_end(s, s->reported);
        } else if (heard.word == WORD_TERMINAL && s->terminal < 0 && heard.descriptor >= 0) {
            take_terminal_over(s, heard.descriptor);
            continue;
        }
        if (heard.descriptor >= 0)
            SYSCALL(close, heard.descriptor);
    }
}

static void kill_tree(struct supervision *s)
{
    if (!s->killing) {
        s->killing = true;
        s->give_up_at = now_ms() + KILL_PATIENCE_MS;
    }
    signal_tree(s, SIGKILL);
}

/* Whether the byte belongs to a message about the terminal's size. */
static bool takes_resize(struct supervision *s, unsigned char byte)
{
    if (s->resize_length == 0 && byte != CONTROL_RESIZE)
        return false;
    s->resize[s->resize_length++] = byte;
    if (s->resize_length == sizeof s->resize) {
        s->resize_length = 0;
        const unsigned char *size = s->resize + 1;
        s->columns = size[0] | (uint32_t)size[1] << 8;
        s->rows = size[2] | (uint32_t)size[3] << 8;
        if (s->terminal >= 0)
            set_terminal_size(s->terminal, s->columns, s->rows); /* the kernel tells the step by SIGWINCH */
    }
    return true;
}

static void obey(struct supervision *s)
{
    unsigned char signals[64];
    long length = SYSCALL(read, FD_CONTROL, signals, sizeof signals);
    if (length == -EAGAIN || length == -EINTR)
        return;
    if (length <= 0) {
        kill_tree(s); /* the agent died: nobody wants this step any more */
        return;
    }
    for (long i = 0; i < length; i++) {
        if (takes_resize(s, signals[i]))
            continue;
        if (signals[i] & CONTROL_END)
            s->ending = true;
        int signal = signals[i] & ~CONTROL_END;
        if (signal == SIGKILL)
            kill_tree(s);
        else
            signal_tree(s, signal);
    }
}

/* Signal 0 reaches nobody, but tells whether anybody is there. */
static bool settled(struct supervision *s)
{
    if (!s->ending && !s->killing)
        return s->child_ended;
    if (s->child_ended && signal_tree(s, 0) == 0 &&
        (s->group_empty || s->step->leader <= 0 || !group_lives(s->step->leader, s->hides)))
        return true;
    return s->killing && now_ms() >= s->give_up_at;
}

/* A pid namespace ends by its init killing everybody else first, and it counts as alive until they are reaped: the
 * step's SIGKILL comes before any word of the target's own end, and a fork there fails. /proc/PID/stat has that in its flags, field 9. */
bool target_is_ending(void)
{
    enum { PF_EXITING = 0x4 };
    struct process_stat stat;
    return read_process_stat(FD_TARGET, "stat", &stat) ? (stat.flags & PF_EXITING) != 0 : target_is_gone();
}

/* Nothing else says so: without a descriptor to read with, for one, nothing is known. */
bool target_is_gone(void)
{
    long found = SYSCALL(faccessat, FD_TARGET, "stat", 0);
    return found == -ENOENT || found == -ESRCH;
}

/* What is reparented to us or the subreaper, and what of the group has another parent. Mostly the group is gone, and there is
 * no need to look for it. */
static void count_survivors(const struct supervision *s)
{
    long leader = s->step->leader;
    if (s->has_no_child && !s->step->has_subreaper && leader > 0 && SYSCALL(kill, -leader, 0) == -ESRCH)
        return; /* mostly: a look into /proc takes half as long as a fork */
    const struct tree tree = tree_of(s);
    uint32_t others = 0;
    bool is_complete;
    s->record->survivors = children_signal(&tree, 0, 0, &is_complete);
    if (leader > 0 && SYSCALL(kill, -leader, 0) == 0) {
        long parent = tree.subreaper > 0 ? tree.subreaper : SYSCALL(getpid);
        if (s->hides || !living_members(leader, parent, &others))
            is_complete = false;
        s->record->survivors += others;
    }
    if (!is_complete)
        s->record->flags |= RECORD_UNCOUNTED;
}

int supervise(const struct request *request, struct step *step, int signals, int target, struct relay *relay,
              const struct step_end *reported, struct record *record)
{
    struct supervision s = {.step = step,
                            .reported = reported,
                            .hides = (request->header.flags & REQUEST_HIDDEN_PROCESSES) != 0,
                            .has_stdin = (request->header.flags & REQUEST_STDIN) != 0,
                            .terminal = -1,
                            .slave = -1,
                            .relay = relay,
                            .record = record};
    bool kills_leftovers = (request->header.flags & REQUEST_KILL_LEFTOVERS) != 0;
    struct pollfd watched[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = FD_CONTROL, .events = POLLIN},
        {.fd = target, .events = POLLIN}, /* negative where there are no pidfds: poll passes it over */
        {.fd = relay->streams.ours[1], .events = POLLIN},
        {.fd = relay->streams.ours[2], .events = POLLIN},
        {.fd = step->channel, .events = POLLIN},
        {.fd = FD_LIFELINE, .events = 0}, /* without a resident, something that cannot be polled */
    };
    if (relay->streams.ours[0] >= 0)
        relay_from_now_on(&s);
    while (!settled(&s)) {
        /* What the subreaper reaps, and what ends of a group that has other parents, makes no signal: look now and then. */
        struct timespec patience = {.tv_sec = 0, .tv_nsec = 20 * 1000000};
        struct timespec without_pidfd = {.tv_sec = 0, .tv_nsec = 100 * 1000000};
        struct timespec *until = s.ending || s.killing ? &patience : target < 0 ? &without_pidfd : NULL;
        if (s.is_relayed)
            watched[3].fd = watched[4].fd = -1;
        long ready = SYSCALL(ppoll, watched, 7, until, NULL, 0);
        if (ready < 0 && ready != -EINTR) {
            kill_tree(&s);
            continue;
        }
        if (watched[0].revents) {
            struct signalfd_siginfo info;
            SYSCALL(read, signals, &info, sizeof info); /* only to clear it: reap() asks the kernel itself */
        }
        /* Before the end is looked at: what it says of the end came before that. */
        if (watched[5].revents)
            listen(&s);
        if (watched[5].revents & (POLLHUP | POLLERR))
            watched[5].fd = -1;
        reap(&s);
        if (watched[1].revents) {
            obey(&s);
            if (s.killing)
                watched[1].fd = -1; /* nothing more can be asked, and an end of file would be reported for ever */
        }
        if (watched[2].revents || (target < 0 && target_is_ending())) {
            record->flags |= RECORD_TARGET_GONE;
            watched[2].fd = -1;
            kill_tree(&s);
        }
        if (watched[6].revents)
            watched[6].fd = -1;
        if (watched[6].revents & POLLHUP) {
            record->flags |= RECORD_RESIDENT_LOST;
            kill_tree(&s);
        }
        /* Only a step that says something, or is told something, needs a relay. */
        if ((watched[3].revents | watched[4].revents) & POLLIN)
            relay_from_now_on(&s);
        for (int i = 3; i <= 4; i++)
            if (watched[i].revents & (POLLHUP | POLLERR))
                watched[i].fd = -1;
        if (s.killing || s.failure < 0 || (kills_leftovers && s.child_ended))
            kill_tree(&s);
    }
    if (step->channel >= 0)
        listen(&s); /* the step may have come and gone since we looked */
    count_survivors(&s);
    if (s.slave >= 0)
        SYSCALL(close, s.slave); /* the relay comes to the terminal's end now */
    if (subreaper_of(step) > 0)
        SYSCALL(kill, step->child, SIGKILL); /* what is left becomes the child of the target's init */
    record->group = (int32_t)step->leader;
    if (!s.child_ended)
        record->flags |= RECORD_UNREAPED;
    if ((record->wait_status & 0x7f) == SIGKILL && target_is_ending())
        record->flags |= RECORD_TARGET_GONE;
    if (!s.is_relayed && !streams_are_over(&relay->streams))
        relay_from_now_on(&s);
    if (relay->pid > 0)
        record->flags |= RECORD_RELAYED;
    return s.failure;
}
