/* Usage: forbid setns|unlink PROGRAM [ARGUMENT...]. Runs a program to which a seccomp filter refuses setns(2), as a profile
 * does that knows no SYS_ADMIN; or which the kernel kills where it would remove a file. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not on every architecture. */
#ifndef SYS_unlink
#define SYS_unlink SYS_unlinkat
#endif

int main(int argc, char **argv)
{
    if (argc < 3)
        return 125;
    int is_setns = strcmp(argv[1], "setns") == 0;
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, is_setns ? SYS_setns : SYS_unlink, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, is_setns ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof instructions / sizeof *instructions, instructions};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 125;
    execv(argv[2], argv + 2);
    return 127;
}
