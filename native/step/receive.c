#include <errno.h>
#include <linux/prctl.h>
#include <sys/mman.h>

#include "step.h"
#include "../syscall.h"

static int read_fully(int fd, char *to, size_t length)
{
    while (length > 0) {
        long got = SYSCALL(read, fd, to, length);
        if (got == -EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? (int)got : -EPIPE;
        to += got;
        length -= (size_t)got;
    }
    return 0;
}

void *allocate(size_t length, int sharing)
{
    long address = SYSCALL(mmap, NULL, length, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
    return address < 0 && address > -4096 ? NULL : (void *)address;
}

int receive_request(struct request *request)
{
    struct request_header header;
    int result = read_fully(FD_REQUEST, (char *)&header, sizeof header);
    if (result < 0)
        return result;
    /* From here on there is something to hide in this memory. */
    result = (int)SYSCALL(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (result < 0)
        return result;
    size_t pointers = request_pointer_count(&header);
    if (pointers == 0)
        return -EBADMSG;
    size_t length = header.size - sizeof header;
    size_t strings_at = pointers * sizeof(char *);
    char *memory = allocate(strings_at + length, MAP_PRIVATE);
    if (!memory)
        return -ENOMEM;
    result = read_fully(FD_REQUEST, memory + strings_at, length);
    if (result < 0)
        return result;
    if (!request_parse(&header, memory + strings_at, length, (char **)(void *)memory, request))
        return -EBADMSG;
    return 0;
}
