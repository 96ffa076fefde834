/*
 * A crowd of sleeping processes in containers (mount namespaces) of their own, for /proc to be full of.
 * Usage: crowd PROCESSES CONTAINERS
 * It is itself one of the processes. Prints "ready" when all are there; they end with its stdin, or with itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void require(int is_well, const char *what) {
    if (is_well) return;
    fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static pid_t start(void) {
    const pid_t parent = getpid();
    const pid_t pid = fork();
    require(pid >= 0, "fork");
    if (pid > 0) return pid;
    require(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
    if (getppid() != parent) _exit(0);
    return 0;
}

static void sleep_for_ever(int ready) {
    require(write(ready, ".", 1) == 1, "write");
    close(ready);
    for (;;) pause();
}

static void contain(long processes, int ready) {
    require(unshare(CLONE_NEWNS) == 0, "unshare");
    for (long index = 1; index < processes; index++)
        if (start() == 0) sleep_for_ever(ready);
    sleep_for_ever(ready);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    const long others = strtol(argv[1], NULL, 10) - 1;
    const long containers = strtol(argv[2], NULL, 10);
    if (others < 0 || containers < 1) return 2;
    int ready[2];
    require(pipe(ready) == 0, "pipe");
    for (long index = 0; index < containers; index++) {
        const long processes = others / containers + (index < others % containers);
        if (processes > 0 && start() == 0) contain(processes, ready[1]);
    }
    close(ready[1]);
    char buffer[256];
    for (long left = others; left > 0;) {
        const ssize_t length = read(ready[0], buffer, sizeof buffer);
        require(length > 0, "a process did not start");
        left -= length;
    }
    puts("ready");
    fflush(stdout);
    while (read(0, buffer, sizeof buffer) > 0) continue;
    return 0;
}
