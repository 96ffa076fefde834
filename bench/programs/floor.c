/*
 * The floor: what the kernel needs at the least to start a program, read what it writes to the end, and wait for it.
 * Usage: floor PROGRAM [ARGUMENT...]
 * Each line of stdin is a number of programs to start at once; the answer is the nanoseconds until all had ended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct child {
    pid_t pid;
    int out;
    int err;
};

static void require(int error, const char *what) {
    if (error == 0) return;
    fprintf(stderr, "floor: %s: %s\n", what, strerror(error));
    exit(1);
}

static long long now(void) {
    struct timespec time;
    require(clock_gettime(CLOCK_MONOTONIC, &time) == 0 ? 0 : errno, "clock_gettime");
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct child start(char **command) {
    int out[2];
    int err[2];
    require(pipe2(out, O_CLOEXEC) == 0 ? 0 : errno, "pipe2");
    require(pipe2(err, O_CLOEXEC) == 0 ? 0 : errno, "pipe2");
    posix_spawn_file_actions_t actions;
    require(posix_spawn_file_actions_init(&actions), "file actions");
    require(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0), "file actions");
    require(posix_spawn_file_actions_adddup2(&actions, out[1], 1), "file actions");
    require(posix_spawn_file_actions_adddup2(&actions, err[1], 2), "file actions");
    struct child child = {.out = out[0], .err = err[0]};
    require(posix_spawnp(&child.pid, command[0], &actions, NULL, command, environ), command[0]);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    return child;
}

static void drain(int fd) {
    static char buffer[65536];
    ssize_t length;
    do length = read(fd, buffer, sizeof buffer);
    while (length > 0 || (length < 0 && errno == EINTR));
    require(length == 0 ? 0 : errno, "read");
    close(fd);
}

static void finish(struct child child) {
    drain(child.out);
    drain(child.err);
    int status = 0;
    require(waitpid(child.pid, &status, 0) == child.pid ? 0 : errno, "waitpid");
    if (status == 0) return;
    fprintf(stderr, "floor: the program ended with status %d\n", status);
    exit(1);
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    struct rlimit files;
    require(getrlimit(RLIMIT_NOFILE, &files) == 0 ? 0 : errno, "getrlimit");
    files.rlim_cur = files.rlim_max;
    require(setrlimit(RLIMIT_NOFILE, &files) == 0 ? 0 : errno, "setrlimit");
    char line[32];
    while (fgets(line, sizeof line, stdin)) {
        const long count = strtol(line, NULL, 10);
        if (count < 1 || count > 10000) return 2;
        struct child *children = calloc((size_t)count, sizeof *children);
        require(children ? 0 : ENOMEM, "calloc");
        const long long begin = now();
        for (long index = 0; index < count; index++) children[index] = start(argv + 1);
        for (long index = 0; index < count; index++) finish(children[index]);
        printf("%lld\n", now() - begin);
        fflush(stdout);
        free(children);
    }
    return 0;
}
