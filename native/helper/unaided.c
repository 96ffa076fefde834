/* What FFI does for the agent in its own process, done here for an agent that has none. */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>

#include "../step/step.h"
#include "../syscall.h"

/* MFD_EXEC, which Debian 12's headers do not know. */
#define MEMFD_EXECUTABLE 0x10u

/* A target whose shell is a link to /proc/self/exe gets to run this very file. Run from a sealed copy, so that what it
 * gets hold of can be neither written nor found on the agent's disk (CVE-2019-5736). */
int run_from_sealed_copy(char **argv)
{
    long self = SYSCALL(openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC, 0);
    if (self < 0)
        return (int)self;
    long copy = SYSCALL(memfd_create, "k8s-executor-helper", MFD_CLOEXEC | MFD_ALLOW_SEALING | MEMFD_EXECUTABLE);
    if (copy == -EINVAL || copy == -EPERM) /* before Linux 6.3, where all are executable, or by a filter that knows no such flag */
        copy = SYSCALL(memfd_create, "k8s-executor-helper", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0)
        return (int)copy;
    long sent;
    do
        sent = SYSCALL(sendfile, copy, self, 0, 1 << 20);
    while (sent > 0);
    if (sent < 0)
        return (int)sent;
    long result = SYSCALL(fcntl, copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    if (result < 0)
        return (int)result;
    char *environment[] = {NULL};
    return (int)SYSCALL(execveat, copy, "", argv, environment, AT_EMPTY_PATH);
}
