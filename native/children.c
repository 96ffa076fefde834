#include <errno.h>
#include <fcntl.h>

#include "helper.h"
#include "syscall.h"

/* To each process whose parent we are, the step and what was reparented to us as its subreaper, but for the members
 * of a process group that got the signal already. */
uint32_t children_signal(int signal, long signalled_group, long spared)
{
    uint32_t count = 0;
    /* Our own /proc, which no target can replace: the supervisor never leaves the agent's mount namespace. */
    long fd = SYSCALL(openat, AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    char text[4096];
    long pid = 0;
    long length;
    while ((length = SYSCALL(read, fd, text, sizeof text)) > 0) {
        for (long i = 0; i < length; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
            } else if (pid == spared) {
                pid = 0;
            } else if (pid > 0) {
                count++;
                if (signal != 0 && SYSCALL(getpgid, pid) != signalled_group)
                    SYSCALL(kill, pid, signal); /* it may have ended since: nothing to do then */
                pid = 0;
            }
        }
    }
    SYSCALL(close, fd);
    return count;
}
