/* Closing what is not to be inherited. */
#include <errno.h>
#include <fcntl.h>

#include "step.h"
#include "../syscall.h"

static unsigned int number_of(const char *name)
{
    unsigned int number = 0;
    while (*name >= '0' && *name <= '9')
        number = number * 10 + (unsigned int)(*name++ - '0');
    return number;
}

int close_from(unsigned int first)
{
    long result = SYSCALL(close_range, first, ~0u, 0);
    if (!is_refused(result))
        return (int)result;
    /* Those that are open, for there may be thousands that are not. */
    long directory = SYSCALL(openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (directory < 0)
        return (int)directory;
    _Alignas(struct directory_entry) char entries[1024];
    long length;
    while ((length = SYSCALL(getdents64, directory, entries, sizeof entries)) > 0) {
        for (long at = 0; at < length;) {
            const struct directory_entry *entry = (const struct directory_entry *)(const void *)(entries + at);
            at += entry->length;
            unsigned int number = number_of(entry->name); /* 0 for "." and ".." */
            if (number >= first && number != (unsigned int)directory)
                SYSCALL(close, number);
        }
    }
    SYSCALL(close, directory);
    return (int)length;
}

int close_between(unsigned int first, unsigned int end)
{
    long result = SYSCALL(close_range, first, ~0u, 0);
    if (!is_refused(result))
        return (int)result;
    for (unsigned int fd = first; fd < end; fd++)
        SYSCALL(close, fd); /* most are not open: EBADF is the expected answer */
    return 0;
}
