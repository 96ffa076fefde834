#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "helper.h"
#include "syscall.h"

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

/* The processes that one was the parent of at this moment, as far as its first thread made them; 0: ourselves. */
static long open_children(long of)
{
    struct path path = {.length = 0};
    append(&path, "/proc/");
    if (of == 0) {
        append(&path, "thread-self");
    } else {
        append_number(&path, of);
        append(&path, "/task/");
        append_number(&path, of);
    }
    append(&path, "/children");
    /* Our own /proc, which no target can replace: the supervisor never leaves the agent's mount namespace. */
    return SYSCALL(openat, AT_FDCWD, path.text, O_RDONLY | O_CLOEXEC, 0);
}

/* The polite signal goes to grandchildren too, for a process that left the group is nobody's to end but its parent's.
 * SIGKILL need not: what it orphans becomes ours. */
static uint32_t signal_children_of(long of, int signal, long signalled_group, long spared, long subreaper, int depth)
{
    uint32_t count = 0;
    long fd = open_children(of);
    if (fd < 0)
        return 0;
    char text[1024];
    long pid = 0;
    long length;
    while ((length = SYSCALL(read, fd, text, sizeof text)) > 0) {
        for (long i = 0; i < length; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
                continue;
            }
            if (pid > 0 && pid == subreaper) {
                count += signal_children_of(pid, signal, signalled_group, spared, 0, depth - 1);
            } else if (pid > 0 && pid != spared) {
                count++;
                if (signal != 0 && signal != SIGKILL && depth > 0)
                    signal_children_of(pid, signal, signalled_group, spared, 0, depth - 1);
                if (signal != 0 && SYSCALL(getpgid, pid) != signalled_group)
                    SYSCALL(kill, pid, signal); /* it may have ended since: nothing to do then */
            }
            pid = 0;
        }
    }
    SYSCALL(close, fd);
    return count;
}

uint32_t children_signal(int signal, long signalled_group, long spared, long subreaper)
{
    enum { DEEPEST = 32 };
    return signal_children_of(0, signal, signalled_group, spared, subreaper, DEEPEST);
}
