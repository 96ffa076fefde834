/* The target's limits instead of the agent's: cgroups, oom_score_adj, rlimits. What the kernel does not allow is told in the
 * record and is no failure: the script then runs under the agent's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "step.h"
#include "../syscall.h"

#define CLONE_INTO_UNIFIED_CGROUP 0x200000000ull /* CLONE_INTO_CGROUP, Linux 5.7 */

static void keep(struct progress *progress, enum kept what, long error)
{
    progress->kept |= (uint32_t)what;
    if (what == KEPT_CGROUP && progress->cgroup_error == 0)
        progress->cgroup_error = (int32_t)-error;
}

long fork_into_cgroup(const struct request *request, unsigned long flags, struct progress *progress)
{
    if (request->header.flags & REQUEST_CGROUP) {
        struct clone_args args = {
            .flags = flags | CLONE_INTO_UNIFIED_CGROUP,
            .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, /* the parent's own is taken then */
            .cgroup = FD_CGROUP,
        };
        long pid = SYSCALL(clone3, &args, sizeof args);
        /* Those two are the cgroup's own limits: to go round them is not for us. */
        if (pid >= 0 || pid == -EAGAIN || pid == -ENOMEM)
            return pid;
        keep(progress, KEPT_CGROUP, pid);
    }
    return SYSCALL(clone, flags | SIGCHLD, 0, 0, 0, 0);
}

/* The older hierarchies have no way to be born into them. */
static void join_hierarchies(const struct request *request, struct progress *progress)
{
    for (uint32_t i = 0; i < request->header.cgroup_count; i++) {
        long written = SYSCALL(write, FD_HIERARCHIES + i, "0", 1);
        if (written < 0)
            keep(progress, KEPT_CGROUP, written);
    }
}

size_t decimal(char *to, int32_t value)
{
    char digits[12];
    size_t count = 0;
    size_t length = 0;
    uint32_t left = value < 0 ? (uint32_t)-value : (uint32_t)value;
    do
        digits[count++] = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0)
        to[length++] = '-';
    while (count > 0)
        to[length++] = digits[--count];
    return length;
}

static void take_oom_score(int32_t score, struct progress *progress)
{
    char text[16];
    size_t length = decimal(text, score);
    long fd = SYSCALL(openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0);
    long written = fd < 0 ? fd : SYSCALL(write, fd, text, length);
    if (written < 0)
        keep(progress, KEPT_OOM_SCORE, written);
    if (fd >= 0)
        SYSCALL(close, fd);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void take_limit(const struct request_limit *limit, struct progress *progress)
{
    struct request_limit old = {0, 0, 0};
    uint64_t wanted[2] = {limit->soft, limit->hard};
    long result = SYSCALL(prlimit64, 0, limit->resource, wanted, NULL);
    if (result == -EPERM) { /* only with CAP_SYS_RESOURCE can a hard limit be raised */
        keep(progress, KEPT_LIMITS, result);
        result = SYSCALL(prlimit64, 0, limit->resource, NULL, &old.soft);
        wanted[1] = smaller(limit->hard, old.hard);
        wanted[0] = smaller(limit->soft, wanted[1]);
        if (result == 0)
            result = SYSCALL(prlimit64, 0, limit->resource, wanted, NULL);
    }
    if (result < 0)
        keep(progress, KEPT_LIMITS, result);
}

void take_resources(const struct request *request, struct progress *progress)
{
    join_hierarchies(request, progress);
    if (request->header.flags & REQUEST_OOM_SCORE)
        take_oom_score(request->header.oom_score_adj, progress);
    for (uint32_t i = 0; i < request->header.limit_count; i++)
        take_limit(&request->limits[i], progress);
    /* After the cgroup, which sets the affinity, and the limits, which allow a lower nice value. */
    take_attributes(request, progress);
}
