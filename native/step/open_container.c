/* The container's root directory and namespaces, opened for one step and closed with its start: a descriptor of one that
 * nobody uses would keep a dead container's volumes busy. What pins the container between steps is FD_TARGET, which
 * keeps nothing but the process's own entry in /proc alive. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/stat.h>

#include "step.h"
#include "../syscall.h"

static const char *path_of(uint32_t type)
{
    switch (type) {
    case CLONE_NEWUSER:
        return "ns/user";
    case CLONE_NEWNS:
        return "ns/mnt";
    case CLONE_NEWPID:
        return "ns/pid";
    case CLONE_NEWUTS:
        return "ns/uts";
    case CLONE_NEWIPC:
        return "ns/ipc";
    case CLONE_NEWNET:
        return "ns/net";
    case CLONE_NEWCGROUP:
        return "ns/cgroup";
    default:
        return "ns/time";
    }
}

/* Opens a path below FD_TARGET at this number. Answers 0 or -errno. */
static int open_at(int number, const char *path, int flags)
{
    long opened = SYSCALL(openat, FD_TARGET, path, flags | O_CLOEXEC, 0);
    if (opened < 0)
        return (int)opened;
    if (opened == number)
        return 0;
    long result = SYSCALL(dup3, opened, number, O_CLOEXEC);
    SYSCALL(close, opened);
    return result < 0 ? (int)result : 0;
}

int open_container(const struct request *request, struct progress *progress)
{
    at_stage(progress, STAGE_TARGET);
    int result = open_at(FD_ROOT, "root", O_PATH | O_DIRECTORY);
    for (uint32_t i = 0; result == 0 && i < request->header.namespace_count; i++) {
        const struct request_namespace *namespace = &request->namespaces[i];
        int number = FD_NAMESPACES + (int)i;
        struct stat found;
        progress->detail = namespace->type;
        result = open_at(number, path_of(namespace->type), O_RDONLY);
        if (result == 0)
            result = (int)SYSCALL(fstat, number, &found);
        if (result == 0 && (uint32_t)found.st_ino != namespace->inode)
            return -ESTALE;
    }
    /* The process has ended: the entry in /proc outlives it. */
    return result == -ENOENT ? -ESRCH : result;
}
