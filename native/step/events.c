/* What happens while a step runs: its processes end, those inside tell something, the caller asks for something. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "supervision.h"
#include "../syscall.h"

#define WNOHANG 1
#define WUNTRACED 2
enum { STOPPED = 0x7f }; /* the low byte of a wait status */

static void take_end(struct supervision *s, const struct step_end *end)
{
    s->child_ended = true;
    s->record->wait_status = end->wait_status;
    s->record->user_microseconds = end->user_microseconds;
    s->record->system_microseconds = end->system_microseconds;
    s->record->max_rss_kib = end->max_rss_kib;
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
void reap(struct supervision *s)
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

void relay_from_now_on(struct supervision *s)
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
void listen_inside(struct supervision *s)
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

void obey(struct supervision *s)
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
