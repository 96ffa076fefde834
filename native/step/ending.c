/* The end of a step's tree: who gets a signal, who is still there, and when that is settled. */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "supervision.h"
#include "../syscall.h"

/* How long a kill may take before the keeper says that it did not work. */
#define KILL_PATIENCE_MS 700

static int64_t now_ms(void)
{
    struct timespec now = {0, 0};
    SYSCALL(clock_gettime, CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

long subreaper_of(const struct step *step)
{
    return step->has_subreaper ? step->child : 0;
}

static struct tree tree_of(const struct supervision *s)
{
    return (struct tree){
        .spared = s->relay->pid, .subreaper = subreaper_of(s->step), .its_children = s->step->its_children};
}

bool is_reported(const struct supervision *s)
{
    return __atomic_load_n(&s->reported->is_known, __ATOMIC_ACQUIRE);
}

/* To the process group and to everything that is our child or was reparented to us. The group's number stays taken
 * while it has members, also after its leader was reaped; once it was seen empty, it may be somebody else's. Before the step's
 * first process has made the group, the signal goes to that process alone: only a group that was reached has it. */
uint32_t signal_tree(struct supervision *s, int signal)
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

void kill_tree(struct supervision *s)
{
    if (!s->killing) {
        s->killing = true;
        s->give_up_at = now_ms() + KILL_PATIENCE_MS;
    }
    signal_tree(s, SIGKILL);
}

bool settled(struct supervision *s)
{
    if (!s->ending && !s->killing)
        return s->child_ended;
    if (s->child_ended && signal_tree(s, 0) == 0 &&
        (s->group_empty || s->step->leader <= 0 || !group_lives(s->step->leader, s->hides)))
        return true;
    return s->killing && now_ms() >= s->give_up_at;
}

/* What is reparented to us or the subreaper, and what of the group has another parent. Mostly the group is gone, and there is
 * no need to look for it. */
void count_survivors(const struct supervision *s)
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
