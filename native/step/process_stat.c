#include <fcntl.h>

#include "step.h"
#include "../syscall.h"

static const char *after_space(const char *at, const char *end)
{
    while (at < end && *at != ' ')
        at++;
    return at < end ? at + 1 : end;
}

static long number(const char *at, const char *end)
{
    unsigned long value = 0; /* too many digits are no number of the kernel's, but nothing undefined either */
    while (at < end && *at >= '0' && *at <= '9')
        value = value * 10 + (unsigned long)(*at++ - '0');
    return (long)value;
}

bool read_process_stat(int directory, const char *path, struct process_stat *stat)
{
    char text[512];
    long fd = SYSCALL(openat, directory, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    long length = SYSCALL(read, fd, text, sizeof text);
    SYSCALL(close, fd);
    if (length <= 0)
        return false;
    const char *end = text + length;
    const char *at = end - 1;
    while (at > text && *at != ')') /* the command may hold parentheses of its own: the last one ends it */
        at--;
    at = after_space(at, end);
    stat->state = at < end ? *at : 'X';
    at = after_space(at, end);
    stat->parent = number(at, end);
    at = after_space(at, end);
    stat->group = number(at, end);
    for (int field = 5; field < 9; field++)
        at = after_space(at, end);
    stat->flags = (uint32_t)number(at, end);
    return true;
}
