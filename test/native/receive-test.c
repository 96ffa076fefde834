/* receive.c: the same from a descriptor, which may end at any byte. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "../../native/step/step.h"
#include "sample.h"

static int receive(const struct sample *sample, size_t length, struct request *request)
{
    int fd = memfd_create("request", 0);
    CHECK(write(fd, &sample->header, sizeof sample->header) == (ssize_t)sizeof sample->header);
    CHECK(write(fd, sample->body, sample->length) == (ssize_t)sample->length);
    CHECK(ftruncate(fd, (off_t)length) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    CHECK(dup2(fd, FD_REQUEST) == FD_REQUEST);
    if (fd != FD_REQUEST)
        close(fd);
    return receive_request(request);
}

int main(void)
{
    prepare_checks();
    struct sample sample = make_sample();
    struct request request;
    for (size_t length = 0; length < sample.header.size; length++)
        CHECK(receive(&sample, length, &request) == -EPIPE);
    CHECK(receive(&sample, sample.header.size, &request) == 0);
    CHECK(prctl(PR_GET_DUMPABLE) == 0);
    CHECK(request.header.uid == 0 && strcmp(request.cwd, "/work") == 0 && strcmp(request.environment[0], "A=1") == 0);
    CHECK((uintptr_t)request.groups % _Alignof(uint32_t) == 0);
    sample.header.argument_count--;
    CHECK(receive(&sample, sample.header.size, &request) == -EBADMSG);
    sample.header.magic = 0;
    CHECK(receive(&sample, sample.header.size, &request) == -EBADMSG);
    CHECK(close(FD_REQUEST) == 0 && receive_request(&request) == -EBADF);
    free(sample.body);
    return 0;
}
