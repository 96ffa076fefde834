/* ending.c: a signal that comes while the step's first process has no group of its own yet. A tracer lets that process
 * make its group at the very moment at which the supervisor has not found one. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../../native/step/step.h"
#include "check.h"

enum { READ_END, WRITE_END };

/* The step: leads its group once it is told to. */
static pid_t start_step(int go, int went)
{
    pid_t pid = fork();
    if (pid == 0) {
        char byte;
        CHECK(read(go, &byte, 1) == 1);
        CHECK(setsid() == getpid());
        CHECK(write(went, &byte, 1) == 1);
        for (;;)
            pause();
    }
    CHECK(pid > 0);
    return pid;
}

/* Under ptrace, from here on: answers how the step ended. */
static int supervise_step(struct step *step)
{
    sigset_t child_signal;
    int control[2];
    int out[2];
    const char message = (char)(SIGTERM | CONTROL_END);
    struct request request = {.header = {.flags = 0}};
    struct relay relay = {.streams = {.ours = {-1, -1, -1}}};
    const struct step_end reported = {.is_known = false};
    struct record record = {.kind = RECORD_ENDED};
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    CHECK(sigprocmask(SIG_BLOCK, &child_signal, NULL) == 0);
    int signals = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    CHECK(signals >= 0 && pipe(control) == 0 && pipe(out) == 0);
    CHECK(write(control[WRITE_END], &message, 1) == 1 && dup2(control[READ_END], FD_CONTROL) == FD_CONTROL);
    relay.streams.ours[1] = relay.streams.ours[2] = out[READ_END];
    CHECK(close(out[WRITE_END]) == 0);
    CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 && raise(SIGSTOP) == 0);
    CHECK(supervise(&request, step, signals, -1, &relay, &reported, &record) == 0);
    return record.wait_status;
}

/* Goes on to the next entry into, or return from, a system call. False once the process has ended. */
static bool next_call(pid_t traced, struct __ptrace_syscall_info *call)
{
    for (;;) {
        int status;
        CHECK(ptrace(PTRACE_SYSCALL, traced, NULL, NULL) == 0);
        CHECK(waitpid(traced, &status, 0) == traced);
        if (!WIFSTOPPED(status))
            return false;
        if (WSTOPSIG(status) != (SIGTRAP | 0x80))
            continue; /* its SIGCHLD is blocked, and others are not sent */
        CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, traced, (void *)sizeof *call, call) > 0);
        return true;
    }
}

static void wait_for_stop(pid_t traced)
{
    int status;
    CHECK(waitpid(traced, &status, 0) == traced && WIFSTOPPED(status));
    CHECK(ptrace(PTRACE_SETOPTIONS, traced, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0);
}

int main(void)
{
    int go[2];
    int went[2];
    prepare_checks();
    CHECK(pipe(go) == 0 && pipe(went) == 0);
    for (int i = 0; i < 2; i++) /* none where the supervisor looks for its own */
        CHECK((go[i] = fcntl(go[i], F_DUPFD, 100)) >= 100 && (went[i] = fcntl(went[i], F_DUPFD, 100)) >= 100);
    pid_t supervisor = fork();
    if (supervisor == 0) {
        pid_t child = start_step(go[READ_END], went[WRITE_END]);
        struct step step = {.child = child, .leader = child, .channel = -1, .its_children = -1};
        int status = supervise_step(&step);
        _exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? 0 : 1);
    }
    CHECK(supervisor > 0);
    wait_for_stop(supervisor);

    struct __ptrace_syscall_info call;
    bool is_of_group = false; /* the call that it is in: a kill(2) of the group */
    bool has_missed = false;
    bool has_reached = false;
    while (!has_reached && next_call(supervisor, &call)) {
        if (call.op == PTRACE_SYSCALL_INFO_ENTRY) {
            long target = (int)call.entry.args[0];
            bool is_term = call.entry.nr == SYS_kill && call.entry.args[1] == SIGTERM;
            is_of_group = is_term && target < 0;
            has_reached = has_missed && is_term;
            CHECK(!has_missed || call.entry.nr != SYS_ppoll); /* it waits for a step that it has told nothing */
        } else if (is_of_group && !has_missed && call.exit.rval == -ESRCH) {
            char byte = 'g';
            CHECK(write(go[WRITE_END], &byte, 1) == 1 && read(went[READ_END], &byte, 1) == 1);
            has_missed = true;
        }
    }
    CHECK(has_reached);
    CHECK(ptrace(PTRACE_DETACH, supervisor, NULL, NULL) == 0);
    int status;
    CHECK(waitpid(supervisor, &status, 0) == supervisor && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 0;
}
