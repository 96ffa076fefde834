/* The mark by which a script file that a crash left behind is known as ours: its time of modification is the time in its
 * name, a UUID version 7, and the part below a millisecond is made of the name's random part. As long as its supervisor
 * lives, the file is locked. Nothing is added to the file, and nothing lies beside it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "step.h"
#include "../syscall.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool owner_mark(const char *name, struct timespec *mark)
{
    static const char pattern[] = "xxxxxxxx-xxxx-7xxx-xxxx-xxxxxxxxxxxx.sh";
    uint64_t milliseconds = 0; /* the first 48 bits */
    uint64_t random = 0;       /* the last 48 */
    unsigned int digits = 0;
    for (size_t i = 0; i < sizeof pattern; i++) {
        int digit = hex_digit(name[i]);
        if (pattern[i] != 'x' ? name[i] != pattern[i] : digit < 0)
            return false;
        if (digit < 0 || i >= sizeof "xxxxxxxx-xxxx-7xxx-xxxx-xxxxxxxxxxxx" - 1)
            continue;
        if (digits < 12)
            milliseconds = milliseconds << 4 | (uint64_t)digit;
        else if (digits >= 20)
            random = random << 4 | (uint64_t)digit;
        digits++;
    }
    mark->tv_sec = (time_t)(milliseconds / 1000);
    mark->tv_nsec = (long)(milliseconds % 1000 * 1000000 + random % 1000000);
    return true;
}

/* By a number that a constant path names: there is no printf here. No slot has it. */
static long open_again(long fd)
{
    enum { SPARE = 99 };
    long result = SYSCALL(dup3, fd, SPARE, O_CLOEXEC);
    if (result < 0)
        return result;
    long opened = SYSCALL(openat, AT_FDCWD, "/proc/self/fd/99", O_RDONLY | O_CLOEXEC, 0);
    SYSCALL(close, SPARE);
    return opened;
}

/* Read-only, so that the script may run itself: a file that is open for writing is busy. What a file system cannot do is
 * no failure of the step; its script is then not known as ours after a crash. */
void own_script(long fd, const char *name)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    if (!owner_mark(name, &times[1]))
        return;
    long locked = open_again(fd);
    if (locked >= 0 && SYSCALL(flock, locked, LOCK_EX | LOCK_NB) == 0)
        SYSCALL(utimensat, fd, NULL, times, 0);
}

/* By descriptor, for the name may be given to something else meanwhile; that something would then be removed, and whoever
 * may put it there may remove it too. */
static void recover_file(const char *name)
{
    struct timespec mark;
    struct stat stat;
    if (!owner_mark(name, &mark))
        return;
    long file = SYSCALL(openat, FD_SCRIPT_DIR, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (file < 0)
        return;
    long known = SYSCALL(fstat, file, &stat);
    if (known == 0 && S_ISREG(stat.st_mode) && stat.st_nlink == 1 && stat.st_mtim.tv_sec == mark.tv_sec &&
        stat.st_mtim.tv_nsec == mark.tv_nsec) {
        long opened = open_again(file);
        if (opened >= 0 && SYSCALL(flock, opened, LOCK_EX | LOCK_NB) == 0)
            SYSCALL(unlinkat, FD_SCRIPT_DIR, name, 0); /* where we may not, it stays */
        SYSCALL(close, opened);
    }
    SYSCALL(close, file);
}

int recover_scripts(void)
{
    /* The descriptor is a reference only. */
    long directory = SYSCALL(openat, FD_SCRIPT_DIR, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (directory < 0)
        return (int)directory;
    _Alignas(struct directory_entry) char entries[4096];
    long length;
    while ((length = SYSCALL(getdents64, directory, entries, sizeof entries)) > 0) {
        for (long at = 0; at < length;) {
            const struct directory_entry *entry = (const struct directory_entry *)(const void *)(entries + at);
            at += entry->length;
            recover_file(entry->name);
        }
    }
    SYSCALL(close, directory);
    return (int)length;
}
