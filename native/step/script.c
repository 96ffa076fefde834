#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/stat.h>

#include "step.h"
#include "../syscall.h"

static int write_script(long fd, const struct request *request)
{
    const char *at = request->script;
    uint32_t left = request->header.script_size;
    while (left > 0) {
        long written = SYSCALL(write, fd, at, left);
        if (written == -EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? (int)written : -EIO;
        at += written;
        left -= (uint32_t)written;
    }
    return 0;
}

static int give_to_step(long fd, const struct request *request)
{
    struct stat found;
    long known = SYSCALL(fstat, fd, &found);
    if (known == 0 && found.st_uid == request->header.script_uid && found.st_gid == request->header.script_gid)
        return 0;
    return (int)SYSCALL(fchown, fd, request->header.script_uid, request->header.script_gid);
}

/* A new file in the directory that the agent opened: never through a link, never over what is there. */
static int place_file(struct request *request)
{
    long fd = SYSCALL(openat, FD_SCRIPT_DIR, request->script_name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC,
                      0700);
    if (fd < 0) {
        request->header.flags &= ~(uint32_t)REQUEST_SCRIPT_FILE; /* it is not ours: nothing to remove */
        return (int)fd;
    }
    int result = write_script(fd, request);
    if (result == 0) {
        /* Whatever the agent's umask. A volume may know neither modes nor owners (CIFS), or refuse them (NFS with root_squash):
         * what counts is whether the step can read the file, and enter.c looks. The mode is never made wider. */
        SYSCALL(fchmod, fd, 0700);
        own_script(fd, request->script_name);
        request->script_error = -give_to_step(fd, request);
    }
    long closed = SYSCALL(close, fd);
    return result < 0 ? result : (int)closed;
}

/* Sealed, for the step could open it again for writing through /proc/self/fd. */
int script_in_memory(const struct request *request)
{
    long fd = SYSCALL(memfd_create, "script", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return (int)fd;
    long result = write_script(fd, request);
    if (result == 0)
        result = SYSCALL(fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    if (result == 0)
        return (int)fd;
    SYSCALL(close, fd);
    return (int)result;
}

int place_script(struct request *request)
{
    if (request->header.flags & REQUEST_SCRIPT_FILE)
        return place_file(request);
    if (request->header.flags & REQUEST_SCRIPT_MEMFD) {
        int fd = script_in_memory(request);
        request->script_fd = fd < 0 ? -1 : fd;
        return fd < 0 ? fd : 0;
    }
    return 0;
}

/* Removes the name, never what a link of that name leads to. A target that put something of its own there loses that. */
int remove_script(const struct request *request)
{
    if (!(request->header.flags & REQUEST_SCRIPT_FILE))
        return 0;
    long result = SYSCALL(unlinkat, FD_SCRIPT_DIR, request->script_name, 0);
    return result == -ENOENT ? 0 : (int)result; /* the script may remove itself */
}
