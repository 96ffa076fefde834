/* children.c and group.c: who is still there, and who gets a signal. */
#include <signal.h>
#include <sys/wait.h>

#include "../../native/step/step.h"
#include "check.h"

/* More than fit into one read of /proc/thread-self/children. */
enum { MANY = 900 };

/* None of a step: all children of this process. */
static uint32_t signal_children(int signal, pid_t signalled_group, pid_t spared)
{
    const struct tree tree = {.spared = spared, .its_children = -1};
    bool is_complete;
    uint32_t count = children_signal(&tree, signal, signalled_group, &is_complete);
    CHECK(is_complete);
    return count;
}

static pid_t start_waiting(bool in_own_group)
{
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause();
    }
    CHECK(pid > 0);
    if (in_own_group)
        CHECK(setpgid(pid, pid) == 0);
    return pid;
}

static void end(pid_t pid, int signal)
{
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == signal);
}

static void signals_those_who_did_not_get_it(void)
{
    CHECK(signal_children(0, 0, 0) == 0);
    pid_t grouped = start_waiting(true);
    pid_t spared = start_waiting(false);
    pid_t other = start_waiting(false);
    CHECK(signal_children(0, 0, 0) == 3);
    CHECK(signal_children(SIGTERM, grouped, spared) == 2);
    end(other, SIGTERM);
    CHECK(signal_children(SIGKILL, 0, spared) == 1);
    end(grouped, SIGKILL);
    CHECK(signal_children(SIGKILL, 0, 0) == 1);
    end(spared, SIGKILL);
    CHECK(signal_children(SIGKILL, 0, 0) == 0);
}

static void finds_many(void)
{
    static pid_t pids[MANY];
    for (int i = 0; i < MANY; i++)
        pids[i] = start_waiting(false);
    CHECK(signal_children(0, 0, pids[500]) == MANY - 1);
    CHECK(signal_children(SIGKILL, 0, 0) == MANY);
    for (int i = 0; i < MANY; i++)
        end(pids[i], SIGKILL);
}

static void tells_a_zombie_from_a_member(void)
{
    pid_t leader = start_waiting(true);
    CHECK(group_lives(leader, false));
    CHECK(kill(leader, SIGKILL) == 0);
    siginfo_t info;
    CHECK(waitid(P_PID, (id_t)leader, &info, WEXITED | WNOWAIT) == 0);
    CHECK(kill(-leader, 0) == 0 && !group_lives(leader, false)); /* to kill(2), it is still there */
    end(leader, SIGKILL);
    CHECK(!group_lives(leader, false));
    CHECK(group_lives(getpgrp(), false));
}

int main(void)
{
    prepare_checks();
    signals_those_who_did_not_get_it();
    finds_many();
    tells_a_zombie_from_a_member();
    return 0;
}
