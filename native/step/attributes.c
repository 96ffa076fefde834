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

void take_attributes(const struct request *request, struct progress *progress)
{
    const struct request_header *header = &request->header;
    size_t length = header->affinity_count * sizeof *request->affinity;
    if (length > 0 && SYSCALL(sched_setaffinity, 0, length, request->affinity) < 0)
        progress->kept |= KEPT_ATTRIBUTE(ATTRIBUTE_AFFINITY);
    for (uint32_t i = 0; i < header->attribute_count; i++)
        if (take_attribute(&request->attributes[i]) < 0)
            progress->kept |= KEPT_ATTRIBUTE(request->attributes[i].kind & 15);
}
