/* Says when its main function begins, and when it ends: two lines, nanoseconds of CLOCK_MONOTONIC. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int stamp(void) {
    struct timespec time;
    char text[32];
    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) return 1;
    const int length = snprintf(text, sizeof text, "%lld\n", time.tv_sec * 1000000000LL + time.tv_nsec);
    return write(1, text, (size_t)length) == length ? 0 : 1;
}

int main(void) {
    if (stamp() != 0) return 1;
    const int status = stamp();
    _exit(status);
}
