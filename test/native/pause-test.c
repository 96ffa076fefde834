/* native/pause: which names are names, where they come from, what is said of others, and who is reaped. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../../native/pause/pause.h"
#include "check.h"

static bool is_name(const char *text)
{
    char *copy = memcpy(exactly(strlen(text) + 1), text, strlen(text) + 1);
    bool is = is_container_name(copy);
    free(copy);
    return is;
}

static void tells_names_from_others(void)
{
    const char *longest = "a23456789.123456789.123456789.123456789.123456789.123456789.123";
    CHECK(strlen(longest) == 63 && is_name(longest));
    char longer[65];
    memcpy(longer, longest, 63);
    memcpy(longer + 63, "4", 2);
    CHECK(!is_name(longer));
    const char *names[] = {"a", "Z", "0", "9", "maven", "node-22_a.b", "a-", "a."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CHECK(is_name(names[i]));
    const char *others[] = {"", "-a", ".", "_a", "a b", "a/b", "a\n", "\x1b[31m", "\xc3\xa4", "a\xff", "a:b", "@", "[", "`", "{", "a,"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!is_name(others[i]));
}

static void takes_the_first_variable(void)
{
    struct {
        const char *environment[4];
        const char *name;
        const char *value;
    } cases[] = {
        {{"PATH=/bin"}, NULL, NULL},
        {{"K8S_EXECUTOR_CONTAINER"}, NULL, NULL},
        {{"K8S_EXECUTOR_CONTAINE=a", "K8S_EXECUTOR_CONTAINERS=b", "XK8S_EXECUTOR_CONTAINER=c"}, NULL, NULL},
        {{"GO_K8S_CONTAINER_NAME=go", "K8S_EXECUTOR_CONTAINER=ours"}, "K8S_EXECUTOR_CONTAINER", "ours"},
        {{"K8S_EXECUTOR_CONTAINER=", "GO_K8S_CONTAINER_NAME=go"}, "GO_K8S_CONTAINER_NAME", "go"},
        {{"A=b", "K8S_EXECUTOR_CONTAINER=a=b c"}, "K8S_EXECUTOR_CONTAINER", "a=b c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *environment[4] = {NULL};
        for (size_t j = 0; cases[i].environment[j]; j++)
            CHECK(environment[j] = strdup(cases[i].environment[j]));
        struct variable found = naming_variable(environment);
        CHECK(!found.name == !cases[i].name && !found.value == !cases[i].value);
        CHECK(!found.name || (strcmp(found.name, cases[i].name) == 0 && strcmp(found.value, cases[i].value) == 0));
        for (size_t j = 0; environment[j]; j++)
            free(environment[j]);
    }
}

static void says(const char *value, const char *line)
{
    int ends[2];
    CHECK(pipe(ends) == 0 && dup2(ends[1], 2) == 2 && close(ends[1]) == 0);
    complain("the argument", value, "is bad");
    CHECK(dup2(REPORT, 2) == 2);
    char said[1024] = {0};
    CHECK(read(ends[0], said, sizeof said - 1) == (ssize_t)strlen(line) && strcmp(said, line) == 0);
    CHECK(close(ends[0]) == 0);
}

static void keeps_terminals_safe(void)
{
    says("a b~", "pause: the argument \"a b~\" is bad\n");
    says("\x1b[31m\r\n\x7f\xc2\x9b", "pause: the argument \"?[31m?????\" is bad\n");
    char long_one[4096];
    memset(long_one, 'x', sizeof long_one);
    long_one[sizeof long_one - 1] = '\0';
    char line[128] = "pause: the argument \"";
    memset(line + strlen(line), 'x', 80);
    strcat(line, "\" is bad\n");
    says(long_one, line);
}

/* Ends at once, and is a zombie when this returns. */
static pid_t start_zombie(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    siginfo_t info;
    CHECK(pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    return pid;
}

/* A program that becomes pause may have had children: no signal tells of those that ended before. */
static void reaps_those_that_ended_before(void)
{
    enum { ZOMBIES = 3 };
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t waiting = fork();
    if (waiting == 0) {
        CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
        pid_t pids[ZOMBIES];
        for (int i = 0; i < ZOMBIES; i++)
            pids[i] = start_zombie();
        CHECK(write(ends[1], pids, sizeof pids) == sizeof pids);
        CHECK(hold_signals() == 0);
        _exit(wait_for_the_end() == 0 ? 0 : 1);
    }
    pid_t pids[ZOMBIES];
    CHECK(waiting > 0 && read(ends[0], pids, sizeof pids) == sizeof pids);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
    for (int i = 0; i < ZOMBIES; i++)
        while (kill(pids[i], 0) == 0) /* for ever, should it fail: the test names what does not end */
            CHECK(usleep(1000) == 0);
    CHECK(errno == ESRCH && kill(waiting, SIGTERM) == 0);
    int status = 0;
    CHECK(waitpid(waiting, &status, 0) == waiting && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    prepare_checks();
    tells_names_from_others();
    takes_the_first_variable();
    keeps_terminals_safe();
    reaps_those_that_ended_before();
    return 0;
}
