/* What every process has from the one that forked it, and keeps over execve(2): the target's instead of the agent's. The agent
 * compared the two when it pinned the target, and names only what differs. What the kernel does not allow is told in the record. */
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/resource.h>

#include "step.h"
#include "../syscall.h"

/* As the helper is not dumpable, only root may open this of itself. */
static long take_coredump_filter(uint64_t filter)
{
    char text[16];
    size_t length = decimal(text, (int32_t)filter);
    long fd = SYSCALL(openat, AT_FDCWD, "/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    long written = SYSCALL(write, fd, text, length);
    SYSCALL(close, fd);
    return written;
}

static long take_policy(uint64_t value)
{
    int priority = (int)(value >> 32);
    return SYSCALL(sched_setscheduler, 0, (int)(value & 0xffffffffu), &priority);
}

static long take_attribute(const struct request_attribute *attribute)
{
    switch (attribute->kind) {
    case ATTRIBUTE_POLICY:
        return take_policy(attribute->value);
    case ATTRIBUTE_NICE:
        return SYSCALL(setpriority, PRIO_PROCESS, 0, (int)(int64_t)attribute->value);
    case ATTRIBUTE_TIMER_SLACK:
        return SYSCALL(prctl, PR_SET_TIMERSLACK, attribute->value, 0, 0, 0);
    case ATTRIBUTE_PERSONALITY:
        return SYSCALL(personality, attribute->value);
    case ATTRIBUTE_COREDUMP_FILTER:
        return take_coredump_filter(attribute->value);
    case ATTRIBUTE_THP_DISABLE:
        return SYSCALL(prctl, PR_SET_THP_DISABLE, attribute->value, 0, 0, 0);
    default:
        return -EINVAL;
    }
}

enum { PROCESS = 1 }; /* IOPRIO_WHO_PROCESS */

void ask_io_priority(struct request *request)
{
    request->io_priority = SYSCALL(ioprio_get, PROCESS, request->header.target_pid);
}

/* Where that cannot be read, ours is told to be kept unless it is that of a process for which nothing was chosen. */
static long take_io_priority(long theirs)
{
    long ours = SYSCALL(ioprio_get, PROCESS, 0);
    if (ours == theirs || (theirs < 0 && ours <= 0))
        return 0;
    return theirs < 0 ? theirs : SYSCALL(ioprio_set, PROCESS, 0, theirs);
}

void take_attributes(const struct request *request, struct progress *progress)
{
    const struct request_header *header = &request->header;
    size_t length = header->affinity_count * sizeof *request->affinity;
    if (length > 0 && SYSCALL(sched_setaffinity, 0, length, request->affinity) < 0)
        progress->kept |= KEPT_ATTRIBUTE(ATTRIBUTE_AFFINITY);
    for (uint32_t i = 0; i < header->attribute_count; i++)
        if (take_attribute(&request->attributes[i]) < 0)
            progress->kept |= KEPT_ATTRIBUTE(request->attributes[i].kind & 15);
    if (take_io_priority(request->io_priority) < 0)
        progress->kept |= KEPT_ATTRIBUTE(ATTRIBUTE_IO_PRIORITY);
}
