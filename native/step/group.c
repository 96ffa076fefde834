#include <errno.h>
#include <fcntl.h>

#include "step.h"
#include "../syscall.h"

static bool is_living_member(int proc, const char *pid, long group, long but_of)
{
    char path[32];
    size_t at = 0;
    while (pid[at] && at < sizeof path - sizeof "/stat") {
        path[at] = pid[at];
        at++;
    }
    memcpy(path + at, "/stat", sizeof "/stat");
    struct process_stat stat;
    return read_process_stat(proc, path, &stat) && stat.group == group && stat.parent != but_of && stat.state != 'Z' &&
           stat.state != 'X';
}

bool living_members(long group, long but_of, uint32_t *count)
{
    long proc = SYSCALL(openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    *count = 0;
    if (proc < 0)
        return false;
    _Alignas(struct directory_entry) char entries[4096];
    long length;
    while ((length = SYSCALL(getdents64, proc, entries, sizeof entries)) > 0) {
        for (long at = 0; at < length;) {
            struct directory_entry *entry = (struct directory_entry *)(void *)(entries + at);
            at += entry->length;
            if (entry->name[0] >= '1' && entry->name[0] <= '9' &&
                is_living_member((int)proc, entry->name, group, but_of))
                (*count)++;
        }
    }
    SYSCALL(close, proc);
    return length == 0;
}

bool group_lives(long group, bool hides)
{
    uint32_t count;
    if (hides)
        return SYSCALL(kill, -group, 0) != -ESRCH;
    return !living_members(group, -1, &count) || count > 0; /* not known: then it is not over */
}
