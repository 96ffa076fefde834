/* process_stat.c: a process chooses its own name, and the file may end anywhere. */
#include <string.h>
#include <sys/mman.h>

#include "../../native/step/step.h"
#include "check.h"

static bool reads(const char *text, size_t length, struct process_stat *stat)
{
    int fd = memfd_create("stat", 0);
    char path[32];
    CHECK(write(fd, text, length) == (ssize_t)length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* opened anew, from its beginning */
    *stat = (struct process_stat){.state = '?', .group = -1, .flags = 99};
    bool result = read_process_stat(AT_FDCWD, path, stat);
    close(fd);
    return result;
}

static void reads_any_name(void)
{
    const char *const names[] = {"sh", "", ")", "(", ") Z 1 2", "a\nb) R 7 8", "((((((((((((((("};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[256];
        struct process_stat stat;
        int length = snprintf(text, sizeof text, "42 (%s) S 1 4711 4712 0 -1 4194308 5 6 7\n", names[i]);
        CHECK(reads(text, (size_t)length, &stat));
        CHECK(stat.state == 'S' && stat.group == 4711 && stat.flags == 4194308);
    }
}

static void bears_any_end(void)
{
    const char text[] = "42 (a (b) c) S 1 4711 4712 0 -1 4194308 5 6 7\n";
    struct process_stat stat;
    CHECK(!reads(text, 0, &stat));
    for (size_t length = 1; length < sizeof text; length++)
        CHECK(reads(text, length, &stat));
    CHECK(reads(text, 12, &stat) && stat.state == 'X' && stat.group == 0 && stat.flags == 0);
}

static void bears_any_text(void)
{
    struct process_stat stat;
    char text[4096];
    const char fillers[] = {')', ' ', '9', '\0', '('};
    for (size_t i = 0; i < sizeof fillers; i++) {
        memset(text, fillers[i], sizeof text);
        CHECK(reads(text, sizeof text, &stat));
    }
    /* More digits than any number has. */
    int length = snprintf(text, sizeof text, "1 (x) R 1 %0200d 3 4 5 %0*d9", 7, 150, 0);
    CHECK(reads(text, (size_t)length, &stat) && stat.group == 7);
    length = snprintf(text, sizeof text, "1 (x) R 1 99999999999999999999999999999999999 3 4 5 99999999999999999999999");
    CHECK(reads(text, (size_t)length, &stat));
}

int main(void)
{
    prepare_checks();
    reads_any_name();
    bears_any_end();
    bears_any_text();
    struct process_stat stat;
    CHECK(!read_process_stat(AT_FDCWD, "/proc/self/there-is-no-such-file", &stat));
    CHECK(read_process_stat(AT_FDCWD, "/proc/self/stat", &stat) && stat.state == 'R' && stat.group == getpgrp() && stat.parent == getppid());
    return 0;
}
