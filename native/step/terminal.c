/* A pseudoterminal of the target's own devpts: what the step finds as /dev/tty and by ttyname(3) is then there. It is opened
 * as the step's user, which so owns it, and inside, for the path is the target's to choose. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "step.h"
#include "../syscall.h"

/* Whatever stands at that path, only the kernel's own driver has this number. */
static bool is_multiplexer(int fd)
{
    struct stat found;
    enum { TTYAUX_MAJOR = 5, PTMX_MINOR = 2 };
    if (SYSCALL(fstat, fd, &found) < 0)
        return false;
    return S_ISCHR(found.st_mode) && found.st_rdev == (TTYAUX_MAJOR << 8 | PTMX_MINOR); /* makedev(3) is libc's */
}

int set_terminal_size(int terminal, uint32_t columns, uint32_t rows)
{
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    return (int)SYSCALL(ioctl, terminal, TIOCSWINSZ, &size);
}

int take_terminal(const struct request_header *header, struct progress *progress)
{
    int locked = 0;
    at_stage(progress, STAGE_TERMINAL);
    long master = SYSCALL(openat, AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
    if (master < 0)
        return (int)master;
    if (!is_multiplexer((int)master))
        return -ENOTTY;
    long result = SYSCALL(ioctl, master, TIOCSPTLCK, &locked);
    if (result == 0)
        result = set_terminal_size((int)master, header->columns, header->rows);
    long slave = result < 0 ? result : SYSCALL(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return (int)slave;
    result = SYSCALL(ioctl, slave, TIOCSCTTY, 0);
    for (int fd = 0; result >= 0 && fd <= 2; fd++)
        result = SYSCALL(dup3, slave, fd, 0);
    if (result >= 0)
        result = say(FD_CHANNEL, WORD_TERMINAL, (int)master);
    return result < 0 ? (int)result : 0; /* master and slave close by themselves, at the execve */
}
