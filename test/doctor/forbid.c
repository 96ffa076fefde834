/* Usage: forbid ERRNO|kill CALL PROGRAM [ARGUMENT...]. Runs a program to which a seccomp filter refuses one system call, as
 * profiles do: ERRNO is ENOSYS, EPERM or a number; kill: the kernel kills it by SIGSYS. CALL is a name of -DCALLS or a number.
 *
 * Built with -DBEFORE and -DPROGRAM it takes no arguments of its own, and is put in place of a program: then BEFORE is a file
 * that says "ERRNO CALL", and PROGRAM the true one. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not on every architecture. */
#ifndef SYS_unlink
#define SYS_unlink SYS_unlinkat
#endif

#ifndef CALLS
#define CALLS CALL(setns) CALL(unlink)
#endif

static const struct {
    const char *name;
    unsigned int number;
} calls[] = {
#define CALL(name) {#name, SYS_##name},
    CALLS
#undef CALL
};

static unsigned int number_of(const char *call)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, call) == 0)
            return calls[i].number;
    char *end;
    unsigned long number = strtoul(call, &end, 10);
    if (end == call || *end != '\0')
        exit(125);
    return (unsigned int)number;
}

static unsigned int answer_of(const char *answer)
{
    if (strcmp(answer, "kill") == 0)
        return SECCOMP_RET_KILL_PROCESS;
    if (strcmp(answer, "ENOSYS") == 0)
        return SECCOMP_RET_ERRNO | ENOSYS;
    if (strcmp(answer, "EPERM") == 0)
        return SECCOMP_RET_ERRNO | EPERM;
    return SECCOMP_RET_ERRNO | ((unsigned int)atoi(answer) & SECCOMP_RET_DATA);
}

static void forbid(const char *answer, const char *call)
{
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_of(call), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, answer_of(answer)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof instructions / sizeof *instructions, instructions};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        exit(125);
}

int main(int argc, char **argv)
{
#ifdef BEFORE
    char answer[16];
    char call[32];
    FILE *file = fopen(BEFORE, "re");
    if (!file || fscanf(file, "%15s %31s", answer, call) != 2 || argc < 1)
        return 125;
    forbid(answer, call);
    execv(PROGRAM, argv);
#else
    if (argc < 4)
        return 125;
    forbid(argv[1], argv[2]);
    execvp(argv[3], argv + 3);
#endif
    return 127;
}
