/* What a hostile container does. Each subcommand is one attack; it prints "ready" when it begins and a line
 * "violation: ..." for whatever it should not have been able to do. Attacks in a loop end at the end of stdin. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void say(const char *word)
{
    printf("%s\n", word);
    fflush(stdout);
}

static void violation(const char *what, int pid)
{
    printf("violation: %s (process %d)\n", what, pid);
    fflush(stdout);
}

static bool is_over(void)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};
    return poll(&input, 1, 0) == 1;
}

static int last_pid(void)
{
    char text[128] = "";
    int fd = open("/proc/loadavg", O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    close(fd);
    char *space = length > 0 ? strrchr(text, ' ') : NULL;
    return space ? atoi(space) : 0;
}

/* Its command line is the helper's: it has not become the step yet. Anybody may read that. */
static bool is_helper(int pid)
{
    char path[64];
    char text[32] = "";
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    return length > 0 && strncmp(text, "k8s-executor-helper", 19) == 0;
}

static int parent_of(int pid)
{
    char path[64];
    char text[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    char *name_end = length > 0 ? strrchr(text, ')') : NULL;
    return name_end ? atoi(name_end + 4) : -1;
}

/* Of the agent that this attack is for, others are tested at the same time: its residents, their keepers, and what those
 * started. */
static bool is_of_agent(int pid)
{
    enum { GENERATIONS = 3 };
    const char *agent = getenv("AGENT");
    int ancestor = pid;
    for (int i = 0; agent && i < GENERATIONS && ancestor > 1; i++) {
        ancestor = parent_of(ancestor);
        if (ancestor == atoi(agent))
            return true;
    }
    return false;
}

/* Opening is what the kernel checks; what could be read then is not of interest. */
static bool opens(int pid, const char *file, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool reads_memory(int pid)
{
    char byte;
    struct iovec ours = {.iov_base = &byte, .iov_len = 1};
    struct iovec theirs = {.iov_base = (void *)(uintptr_t)4096, .iov_len = 1};
    /* The right is checked before the address: EFAULT is a yes. */
    return process_vm_readv(pid, &ours, 1, &theirs, 1, 0) >= 0 || errno == EFAULT;
}

static bool takes_descriptor(int pid)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (process < 0)
        return false;
    bool taken = false;
    for (int fd = 0; fd < 12 && !taken; fd++) {
        int copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
        taken = copy >= 0;
        if (taken)
            close(copy);
    }
    close(process);
    return taken;
}

static bool seizes(int pid)
{
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
        return false;
    kill(pid, SIGSTOP); /* it can be let go only while it is stopped */
    waitpid(pid, NULL, __WALL);
    ptrace(PTRACE_DETACH, pid, 0, SIGCONT);
    kill(pid, SIGCONT);
    return true;
}

/* One attempt at a process. It counts where the process still was the helper's afterwards. */
static void peek_at(int pid, unsigned int how)
{
    static const char *const names[] = {"mem for writing", "environ", "fd/0", "fd/1",  "fd/8",   "root",
                                        "cwd",             "exe",     "maps", "ptrace", "process_vm_readv",
                                        "pidfd_getfd"};
    enum { WAYS = sizeof names / sizeof *names };
    how %= WAYS;
    bool done = how == 9    ? seizes(pid)
                : how == 10 ? reads_memory(pid)
                : how == 11 ? takes_descriptor(pid)
                : how == 0  ? opens(pid, "mem", O_RDWR)
                            : opens(pid, names[how], O_RDONLY | (how > 1 && how < 8 ? O_PATH : 0));
    if (done && is_helper(pid) && is_of_agent(pid))
        violation(names[how], pid);
}

static void peek_at_all(unsigned int how)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    while (proc && (entry = readdir(proc)))
        if (is_helper(atoi(entry->d_name)))
            peek_at(atoi(entry->d_name), how);
    if (proc)
        closedir(proc);
}

/* The helper, what it forks for a moment, and what becomes the step: the next pids are theirs. */
static void peek(void)
{
    say("ready");
    for (unsigned int turn = 0; !is_over(); turn++) {
        int last = last_pid();
        for (int pid = last - 1; pid <= last + 1; pid++)
            for (unsigned int way = 0; way < 3; way++)
                if (is_helper(pid))
                    peek_at(pid, turn + way * 5);
        if (turn % 4096 == 0)
            peek_at_all(turn / 4096);
    }
    say("done");
}

static void write_to(int reference, int pid)
{
    char path[64];
    char first[4];
    snprintf(path, sizeof path, "/proc/self/fd/%d", reference);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return; /* ETXTBSY while it runs */
    /* The same bytes: it is the right to that counts, and the helper shall go on working. */
    if (pread(fd, first, sizeof first, 0) == sizeof first && pwrite(fd, first, sizeof first, 0) == sizeof first)
        violation("the program of the helper can be written to", pid);
    close(fd);
}

/* Gets hold of the program that a link to /proc/self/exe makes the step run, and tries to change it. */
static void grab(void)
{
    int held = -1;
    int from = 0;
    char program[256];
    say("ready");
    while (!is_over()) {
        int last = last_pid();
        for (int pid = last - 1; held < 0 && pid <= last + 1; pid++) {
            char path[64];
            if (pid == getppid() || parent_of(pid) == getppid())
                continue; /* our own keeper and its relay: they are of another program */
            snprintf(path, sizeof path, "/proc/%d/exe", pid);
            ssize_t length = readlink(path, program, sizeof program - 1);
            if (length <= 0 || !is_of_agent(pid))
                continue;
            program[length] = '\0';
            if (!strstr(program, "helper"))
                continue;
            if (strncmp(program, "/memfd:", 7) != 0)
                violation(program, pid);
            held = open(path, O_PATH | O_CLOEXEC);
            from = pid;
            if (held >= 0)
                say("held");
        }
        if (held >= 0)
            write_to(held, from);
    }
    if (held >= 0)
        write_to(held, from);
    say("done");
}

/* Sends a signal to whatever helper appears, but for those that supervise ourselves. */
static void harass(int signal)
{
    say("ready");
    while (!is_over()) {
        int last = last_pid();
        for (int pid = last - 1; pid <= last + 1; pid++)
            if (is_helper(pid) && pid != getppid() && parent_of(pid) != getppid() && is_of_agent(pid))
                kill(pid, signal);
    }
    say("done");
}

/* Kills the keeper of a step that is on its way in, and leaves the step alone. A resident has no helper as its parent. */
static void orphan(void)
{
    say("ready");
    while (!is_over()) {
        int pid = last_pid();
        int parent = is_helper(pid) ? parent_of(pid) : 0;
        if (parent > 1 && parent != getppid() && is_helper(parent) && is_helper(parent_of(parent)) && is_of_agent(parent))
            kill(parent, SIGKILL);
    }
    say("done");
}

/* Says in a file that we run although our supervisor is gone. One that is just dying takes us along meanwhile; where init has
 * us already, nothing is to be waited for, and the agent, which kills what a lost helper leaves, is on its way. */
static void alone(const char *file)
{
    int parent = getppid();
    for (int i = 0; i < 100 && parent == getppid() && parent != 1; i++) {
        if (is_helper(parent))
            return;
        usleep(1000);
    }
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0 || write(fd, "alone\n", 6) != 6)
        exit(2);
}

/* Puts a link in the place of every script, as fast as it can. */
static void swap(const char *directory, const char *to)
{
    say("ready");
    while (!is_over()) {
        DIR *scripts = opendir(directory);
        struct dirent *entry;
        while (scripts && (entry = readdir(scripts))) {
            char path[512];
            char made[512];
            size_t length = strlen(entry->d_name);
            /* What it swapped already would make it slow. */
            if (length < 20 || strcmp(entry->d_name + length - 3, ".sh") != 0 || entry->d_type != DT_REG)
                continue;
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
            snprintf(made, sizeof made, "%s/link", directory);
            unlink(made);
            if ((strcmp(to, "fifo") == 0 ? mkfifo(made, 0777) : symlink(to, made)) == 0)
                rename(made, path);
        }
        if (scripts)
            closedir(scripts);
    }
    say("done");
}

/* Holds the lock of a pipe: into it from a socket that never has data, or out of it into one that is full. */
static void keep_lock(int stream, int pipe)
{
    int sockets[2];
    char junk[4096] = "";
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0)
        exit(2);
    if (stream == 0)
        while (send(sockets[0], junk, sizeof junk, MSG_DONTWAIT) > 0)
            continue;
    for (;;)
        if (splice(stream == 0 ? pipe : sockets[0], NULL, stream == 0 ? sockets[0] : pipe, NULL, 65536, 0) < 0 &&
            errno != EINTR)
            exit(2);
}

/* The pipe is one of our own streams, or another process's, as a file of /proc. */
static void hold(int stream, const char *file)
{
    int pipe = *file ? open(file, stream == 0 ? O_RDONLY : O_WRONLY) : stream;
    if (pipe < 0)
        exit(2);
    if (pipe != 1)
        say("ready");
    else if (write(2, "ready\n", 6) != 6)
        exit(2);
    keep_lock(stream, pipe);
}

/* The same by a child, and only then the first output: whoever passes that on begins while the lock is held. */
static void hold_first(int stream)
{
    if (fork() == 0)
        keep_lock(stream, stream);
    usleep(200000);
    say("first");
    for (;;)
        pause();
}

/* Each byte a packet of its own, pipe(2). */
static void packets(int count)
{
    if (fcntl(1, F_SETFL, O_WRONLY | O_DIRECT) < 0)
        exit(2);
    while (count-- > 0)
        if (write(1, "x", 1) != 1)
            exit(2);
}

static void terminal(void)
{
    mknod("/tmp/tty", S_IFCHR | 0666, makedev(5, 0));
    int fd = open("/tmp/tty", O_RDWR);
    if (fd >= 0)
        violation(ioctl(fd, TIOCSTI, "x") == 0 ? "TIOCSTI" : "/dev/tty opened", getpid());
    for (int i = 0; i < 3; i++)
        if (ioctl(i, TIOCSTI, "x") == 0)
            violation("TIOCSTI on a stream", i);
    say("done");
}

static void print_status(void)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "Uid", 3) == 0)
            fputs(line, stdout);
}

/* Every capability that a file can have. */
static int give_capabilities(const char *file)
{
    struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2};
    for (int i = 0; i < 2; i++)
        data.data[i].permitted = ~0u;
    return setxattr(file, "security.capability", &data, sizeof data, 0) == 0 ? 0 : 1;
}

/* A main process whose environment is no environment. */
static void become_junk(char *self)
{
    enum { LARGE = 10, SIZE = 100000 };
    static char large[LARGE][SIZE];
    static char name[] = "K8S";
    char *environment[LARGE + 9] = {"no equals sign", "", "=", "=nameless", "TWICE=first", "TWICE=second",
                                    "GO_EA_KEY", "GO_EA_KEY=secret"};
    for (int i = 0; i < LARGE; i++) {
        memset(large[i], 'x', SIZE - 1);
        memcpy(large[i], name, 3);
        large[i][3] = (char)('0' + i);
        large[i][4] = '=';
        environment[8 + i] = large[i];
    }
    char *argv[] = {self, "wait", NULL};
    execve(self, argv, environment);
    exit(2);
}

/* Says "ready", and with a word on stdin leaves for namespaces of its own. */
static void leave(void)
{
    char byte;
    printf("pid %d\n", getpid());
    say("ready");
    if (read(0, &byte, 1) != 1 || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        exit(2);
    say("left");
    pause();
}

static void wait_for_ever(void)
{
    printf("pid %d\n", getpid());
    say("ready");
    for (;;)
        pause();
}

/* Where the step runs: a directory that is not below its root shows as such. */
static void where(void)
{
    char path[4200] = "";
    if (syscall(SYS_getcwd, path, sizeof path) > 0 && path[0] != '/')
        violation(path, getpid());
    printf("at %s\n", path);
}

int main(int argc, char **argv)
{
    const char *attack = argc > 1 ? argv[1] : "";
    const char *first = argc > 2 ? argv[2] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(attack, "peek") == 0)
        peek();
    else if (strcmp(attack, "grab") == 0)
        grab();
    else if (strcmp(attack, "harass") == 0)
        harass(atoi(first));
    else if (strcmp(attack, "orphan") == 0)
        orphan();
    else if (strcmp(attack, "alone") == 0)
        alone(first);
    else if (strcmp(attack, "kill") == 0)
        return argc > 3 && kill(atoi(argv[3]), atoi(first)) == 0 ? 0 : 1;
    else if (strcmp(attack, "swap") == 0 && argc > 3)
        swap(first, argv[3]);
    else if (strcmp(attack, "hold") == 0)
        hold(atoi(first), argc > 3 ? argv[3] : "");
    else if (strcmp(attack, "hold-first") == 0)
        hold_first(atoi(first));
    else if (strcmp(attack, "packets") == 0)
        packets(atoi(first));
    else if (strcmp(attack, "tty") == 0)
        terminal();
    else if (strcmp(attack, "status") == 0)
        print_status();
    else if (strcmp(attack, "setcap") == 0)
        return give_capabilities(first);
    else if (strcmp(attack, "junk") == 0)
        become_junk(argv[0]);
    else if (strcmp(attack, "leave") == 0)
        leave();
    else if (strcmp(attack, "wait") == 0)
        wait_for_ever();
    else if (strcmp(attack, "where") == 0)
        where();
    else
        return 64;
    return 0;
}
