#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "step.h"
#include "../syscall.h"

/* A path of /proc, put together without printf. */
struct path {
    char text[64];
    size_t length;
};

static void append(struct path *path, const char *text)
{
    while (*text && path->length + 1 < sizeof path->text)
        path->text[path->length++] = *text++;
    path->text[path->length] = '\0';
}

static void append_number(struct path *path, long number)
{
    char digits[24];
    size_t at = sizeof digits;
    digits[--at] = '\0';
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0 && at > 0);
    append(path, digits + at);
}

/* Ours. Of itself, every process may see this, whatever /proc hides of others. */
static long open_own_children(void)
{
    return SYSCALL(openat, AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC, 0);
}

/* The processes that one was the parent of at this moment, as far as its first thread made them. */
static long open_children(long of)
{
    struct path path = {.length = 0};
    append(&path, "/proc/");
    append_number(&path, of);
    append(&path, "/task/");
    append_number(&path, of);
    append(&path, "/children");
    /* Our own /proc, which no target can replace: the supervisor never leaves the agent's mount namespace. */
    return SYSCALL(openat, AT_FDCWD, path.text, O_RDONLY | O_CLOEXEC, 0);
}

/* The subreaper is not dumpable: where /proc hides processes, the supervisor could not open this. */
void send_children(int channel)
{
    long list = open_own_children();
    say(channel, WORD_CHILDREN, (int)list); /* also without one: the first word is this, and no later one is taken for it */
    if (list >= 0)
        SYSCALL(close, list);
}

/* A list of processes, as far as it was read. */
struct list {
    long fd;
    long length; /* of what is in text; negative where it cannot be read */
    long at;
    char text[1024];
};

/* Answers 0 at the end of the list. */
static long next_pid(struct list *list)
{
    long pid = 0;
    for (;;) {
        if (list->at == list->length) {
            list->at = 0;
            list->length = SYSCALL(read, list->fd, list->text, sizeof list->text);
        }
        if (list->length <= 0)
            return 0;
        char c = list->text[list->at++];
        if (c >= '0' && c <= '9')
            pid = pid * 10 + (c - '0');
        else if (pid > 0)
            return pid;
    }
}

static void send_signal(int signal, long signalled_group, long pid, int depth)
{
    /* The polite signal goes to descendants too, for a process that left the group is nobody's to end but its parent's.
     * SIGKILL need not: what it orphans becomes ours. */
    if (signal != SIGKILL && depth > 0) {
        struct list list = {.fd = open_children(pid)};
        long child;
        while (list.fd >= 0 && (child = next_pid(&list)) > 0)
            send_signal(signal, signalled_group, child, depth - 1);
        if (list.fd >= 0)
            SYSCALL(close, list.fd);
    }
    if (signalled_group == 0 || SYSCALL(getpgid, pid) != signalled_group)
        SYSCALL(kill, pid, signal); /* it may have ended since: nothing to do then */
}

/* Answers how many there are in the list, and clears *is_complete where that cannot be read to its end. */
static uint32_t signal_listed(long fd, const struct tree *tree, int signal, long signalled_group, bool *is_complete)
{
    enum { DEEPEST = 32 };
    struct list list = {.fd = fd};
    uint32_t count = 0;
    long pid;
    while ((pid = next_pid(&list)) > 0) {
        if (pid == tree->spared || pid == tree->subreaper)
            continue;
        count++;
        if (signal != 0)
            send_signal(signal, signalled_group, pid, DEEPEST);
    }
    if (list.length < 0)
        *is_complete = false;
    return count;
}

uint32_t children_signal(const struct tree *tree, int signal, long signalled_group, bool *is_complete)
{
    *is_complete = true;
    long ours = open_own_children();
    uint32_t count = signal_listed(ours, tree, signal, signalled_group, is_complete); /* not open: it cannot be read either */
    if (ours >= 0)
        SYSCALL(close, ours);
    if (tree->subreaper > 0) {
        SYSCALL(lseek, tree->its_children, 0, SEEK_SET); /* a list that is not there cannot be read either */
        count += signal_listed(tree->its_children, tree, signal, signalled_group, is_complete);
    }
    return count;
}
