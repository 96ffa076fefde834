/* The trial: which system calls are refused to us, by the kernel's age or by a seccomp filter. A step makes all of them, and
 * of some it could not even tell that they were refused (umask, kill). */
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>

#include "../step/step.h"
#include "../syscall.h"

/* A call with arguments that change nothing, for which the kernel has an answer other than ENOSYS, EPERM and EACCES. No
 * pointers: the table needs no relocation. */
struct attempt {
    char name[16];
    int32_t number;
    int32_t arguments[4];
};

#define ATTEMPT(name, ...) {#name, __NR_##name, {__VA_ARGS__}}

static const struct attempt attempts[] = {
    /* Those that can be done without: src/backend/trial.ts says how. */
    ATTEMPT(clone3, 0, 0),
    ATTEMPT(close_range, 1, 0, 0),
    ATTEMPT(pidfd_open, -1, 0),
    /* Those that cannot. */
    ATTEMPT(accept4, -1, 0, 0, 0),
    ATTEMPT(bind, -1, 0, 0),
    ATTEMPT(capget, 0, 0),
    ATTEMPT(capset, 0, 0),
    ATTEMPT(chdir, 0),
    ATTEMPT(chroot, 0),
    ATTEMPT(clock_gettime, INT_MAX, 0),
    ATTEMPT(clone, CLONE_SIGHAND, 0, 0, 0), /* without CLONE_VM */
    ATTEMPT(close, -1),
    ATTEMPT(dup3, -1, -1, 0),
    ATTEMPT(execve, 0, 0, 0),
    ATTEMPT(execveat, -1, 0, 0, 0),
    ATTEMPT(faccessat, -1, 0, 0),
    ATTEMPT(fchdir, -1),
    ATTEMPT(fchmod, -1, 0),
    ATTEMPT(fcntl, -1, F_GETFD),
    ATTEMPT(fstat, -1, 0),
    ATTEMPT(ftruncate, -1, 0),
    ATTEMPT(getcwd, 0, 0),
    ATTEMPT(getdents64, -1, 0, 0),
    ATTEMPT(getpgid, INT_MAX),
    ATTEMPT(getpid, 0),
    ATTEMPT(getsockopt, -1, 0, 0, 0),
    ATTEMPT(getppid, 0),
    ATTEMPT(ioctl, -1, 0, 0),
    ATTEMPT(kill, INT_MAX, 0),
    ATTEMPT(listen, -1, 0),
    ATTEMPT(lseek, -1, 0, 0),
    ATTEMPT(memfd_create, 0, 0),
    ATTEMPT(mmap, 0, 0, 0, 0), /* of no length */
    ATTEMPT(openat, -1, 0, 0),
    ATTEMPT(pipe2, 0, -1),
    ATTEMPT(ppoll, 0, -1, 0, 0),
    ATTEMPT(prctl, INT_MAX),
    ATTEMPT(prlimit64, 0, -1, 0, 0),
    ATTEMPT(pwrite64, -1, 0, 0, 0),
    ATTEMPT(read, -1, 0, 0),
    ATTEMPT(recvfrom, -1, 0, 0, 0),
    ATTEMPT(recvmsg, -1, 0, 0),
    ATTEMPT(rt_sigprocmask, -1, 0, 0, 0),
    ATTEMPT(sendfile, -1, -1, 0, 0),
    ATTEMPT(sendmsg, -1, 0, 0),
    ATTEMPT(setns, -1, 0),
    ATTEMPT(setresgid, -1, -1, -1),
    ATTEMPT(setresuid, -1, -1, -1),
    ATTEMPT(setsockopt, -1, 0, 0, 0),
    ATTEMPT(signalfd4, -1, 0, 0, 0),
    ATTEMPT(socket, -1, 0, 0),
    ATTEMPT(socketpair, -1, 0, 0, 0),
    ATTEMPT(umask, 077),
    ATTEMPT(unlinkat, -1, 0, 0),
    ATTEMPT(wait4, -1, 0, -1, 0),
    ATTEMPT(write, -1, 0, 0),
};

static bool is_tried_in_vain(const struct attempt *attempt)
{
    const int32_t *with = attempt->arguments;
    long result = raw_syscall(attempt->number, with[0], with[1], with[2], with[3], 0, 0);
    return is_refused(result) || result == -EACCES;
}

bool report_trial(bool is_well)
{
    char report[sizeof attempts];
    size_t length = 0;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        if (!is_tried_in_vain(&attempts[i]))
            continue;
        for (const char *at = attempts[i].name; *at; at++)
            report[length++] = *at;
        report[length++] = '\n';
    }
    if (length == 0 && !is_well)
        return false;
    report[length++] = '.'; /* the end: without it, something ended us */
    return SYSCALL(write, FD_STATUS, report, length) == (long)length;
}
