/* streams.c and relay.c: real pipes, with this process as the supervisor and the agent, and forks as the step. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "../../native/step/step.h"
#include "check.h"

/* OURS: among those numbers that the relay closes, as it does with all that it needs not. */
enum { AMOUNT = 1 << 20, OURS = 30, STEP = 4711 };

/* The agent's ends: of stdin, stdout, stderr, and the status pipe. */
static int agent[4];

/* What the agent does before it starts a helper. */
static struct relay be_started(uint32_t flags)
{
    const int numbers[] = {0, 1, 2, FD_STATUS};
    for (int i = 0; i < 4; i++) {
        int ends[2];
        CHECK(pipe(ends) == 0);
        int theirs = fcntl(ends[i == 0 ? 0 : 1], F_DUPFD, OURS);
        agent[i] = fcntl(ends[i == 0 ? 1 : 0], F_DUPFD, OURS);
        close(ends[0]);
        close(ends[1]);
        CHECK(dup2(theirs, numbers[i]) == numbers[i]);
        close(theirs);
    }
    struct relay relay = {.pid = 0, .step = STEP};
    const struct request_header header = {.flags = flags, .script_uid = getuid(), .script_gid = getgid()};
    CHECK(make_streams(&header, &relay.streams) == 0);
    return relay;
}

static pid_t start(void (*body)(const struct relay *), const struct relay *relay)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        body(relay);
        _exit(0);
    }
    return pid;
}

static void expect_success(long pid)
{
    int status = -1;
    CHECK(waitpid((pid_t)pid, &status, 0) == pid && status == 0);
}

static void expect_end(int fd)
{
    char byte;
    CHECK(read(fd, &byte, 1) == 0);
    close(fd);
}

static struct record next_record(void)
{
    struct record record;
    CHECK(read(agent[3], &record, sizeof record) == (ssize_t)sizeof record && record.step == STEP);
    return record;
}

/* What comes after the reports of first output. */
static struct record delivery(void)
{
    struct record record = next_record();
    while (record.kind == RECORD_OUTPUT)
        record = next_record();
    CHECK(record.kind == RECORD_DELIVERED);
    return record;
}

static void expect_delivered(uint32_t open)
{
    struct record record = delivery();
    CHECK(record.flags == 0 && record.detail == open);
}

/* The end of the relay: told of the step's, it says that all was passed on, and ends with its streams. */
static void expect_relays_end(const struct relay *relay)
{
    close(FD_STATUS);
    close(relay->lifeline);
    expect_delivered(0);
    expect_end(agent[3]);
    expect_success(relay->pid);
}

static unsigned char pattern(size_t at)
{
    return (unsigned char)(at * 31 + at / 251);
}

static void cat(const struct relay *relay)
{
    static char buffer[9973];
    ssize_t length;
    close(agent[0]);
    close_our_streams(&relay->streams);
    CHECK(take_streams(&relay->streams) == 0);
    close_steps_streams(&relay->streams);
    while ((length = read(0, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0; done < length;)
            done += write(1, buffer + done, (size_t)(length - done));
    CHECK(write(2, "done", 4) == 4);
}

static void feed(const struct relay *relay)
{
    static unsigned char all[AMOUNT];
    close_our_streams(&relay->streams);
    close_steps_streams(&relay->streams);
    for (size_t at = 0; at < sizeof all; at++)
        all[at] = pattern(at);
    CHECK(write(agent[0], all, sizeof all) == (ssize_t)sizeof all);
}

static void copies_every_byte_both_ways(void)
{
    struct relay relay = be_started(REQUEST_STDIN);
    pid_t step = start(cat, &relay);
    pid_t feeder = start(feed, &relay);
    CHECK(close(agent[0]) == 0);
    close_steps_streams(&relay.streams);
    CHECK(start_relay(&relay) == 0 && relay.pid > 0);
    static unsigned char buffer[4099];
    size_t at = 0;
    ssize_t length;
    while ((length = read(agent[1], buffer, sizeof buffer)) > 0)
        for (ssize_t i = 0; i < length; i++)
            CHECK(buffer[i] == pattern(at++));
    CHECK(at == AMOUNT);
    CHECK(read(agent[2], buffer, sizeof buffer) == 4 && buffer[0] == 'd' && buffer[3] == 'e');
    close(agent[1]);
    expect_end(agent[2]);
    expect_success(feeder);
    expect_success(step);
    expect_relays_end(&relay);
}

static void write_until_nobody_reads(const struct relay *relay)
{
    static char buffer[4096];
    close(agent[1]);
    close_our_streams(&relay->streams);
    long written;
    do
        written = write(relay->streams.steps[1], buffer, sizeof buffer);
    while (written > 0);
    CHECK(written < 0 && errno == EPIPE);
}

static void lets_the_writer_know_that_nobody_reads(void)
{
    struct relay relay = be_started(0);
    char byte;
    CHECK(read(0, &byte, 1) == 0); /* the step's stdin is at its end */
    pid_t step = start(write_until_nobody_reads, &relay);
    close_steps_streams(&relay.streams);
    CHECK(start_relay(&relay) == 0);
    CHECK(read(agent[1], &byte, 1) == 1);
    close(agent[1]);
    expect_success(step);
    expect_end(agent[2]);
    close(agent[0]);
    expect_relays_end(&relay);
}

/* As a step may make it: each write is a packet, and what reads less of one loses the rest. */
static void passes_packets_on_as_bytes(void)
{
    struct relay relay = be_started(0);
    CHECK(fcntl(relay.streams.steps[1], F_SETFL, O_WRONLY | O_DIRECT) == 0);
    for (int i = 0; i < 10; i++)
        CHECK(write(relay.streams.steps[1], "xy", 2) == 2);
    close_steps_streams(&relay.streams);
    CHECK(start_relay(&relay) == 0);
    close(FD_STATUS);
    close(relay.lifeline);
    struct record record = next_record();
    CHECK(record.kind == RECORD_OUTPUT && record.detail == 1);
    expect_delivered(0); /* all of it is in the agent's pipe */
    char bytes[32];
    CHECK(read(agent[1], bytes, sizeof bytes) == 20);
    expect_success(relay.pid);
    for (int i = 0; i < 4; i++)
        close(agent[i]);
}

/* A background process that writes for ever: what the step itself wrote is delivered all the same. */
static void flood(const struct relay *relay)
{
    static char buffer[65536];
    while (write(relay->streams.steps[1], buffer, sizeof buffer) > 0)
        continue;
}

static void ends_its_count_with_the_step(void)
{
    struct relay relay = be_started(0);
    pid_t flooder = start(flood, &relay);
    close_steps_streams(&relay.streams);
    CHECK(start_relay(&relay) == 0);
    close(FD_STATUS);
    close(relay.lifeline);
    static char buffer[1 << 20];
    CHECK(next_record().kind == RECORD_OUTPUT);
    struct pollfd told = {.fd = agent[3], .events = POLLIN};
    for (int megabytes = 0; poll(&told, 1, 0) == 0; megabytes++)
        CHECK(read(agent[1], buffer, sizeof buffer) > 0 && megabytes < 1000);
    expect_delivered(1u << 1 | 1u << 2); /* both are still held open */
    CHECK(kill(flooder, SIGKILL) == 0 && waitpid(flooder, NULL, 0) == flooder);
    for (int i = 0; i < 4; i++)
        close(agent[i]);
    expect_success(relay.pid);
}

static void knows_when_streams_are_over(void)
{
    struct relay relay = be_started(0);
    CHECK(!streams_are_over(&relay.streams));
    CHECK(write(relay.streams.steps[2], "x", 1) == 1);
    close_steps_streams(&relay.streams);
    CHECK(!streams_are_over(&relay.streams)); /* it was not passed on yet */
    CHECK(start_relay(&relay) == 0);
    char bytes[2];
    CHECK(read(agent[2], bytes, sizeof bytes) == 1 && bytes[0] == 'x');
    for (int i = 0; i < 3; i++)
        close(agent[i]);
    expect_relays_end(&relay);

    relay = be_started(REQUEST_STDIN);
    close_steps_streams(&relay.streams);
    CHECK(streams_are_over(&relay.streams));
    close_our_streams(&relay.streams);
    for (int i = 0; i < 4; i++)
        close(agent[i]);
}

static void does_not_call_lost_output_delivered(void)
{
    struct relay relay = be_started(0);
    int full = open("/dev/full", O_WRONLY);
    CHECK(full >= 0 && dup2(full, 1) == 1);
    close(full);
    CHECK(write(relay.streams.steps[1], "lost", 4) == 4);
    close_steps_streams(&relay.streams);
    CHECK(start_relay(&relay) == 0);
    close(FD_STATUS);
    close(relay.lifeline);
    CHECK(delivery().flags == RECORD_OUTPUT_CUT);
    expect_end(agent[3]);
    expect_success(relay.pid);
    for (int i = 0; i < 3; i++)
        close(agent[i]);
}

/* A guest can stop it, and then it would stay for ever. */
static void goes_with_an_agent_that_wants_no_more(void)
{
    int control[2];
    CHECK(pipe(control) == 0);
    int agents_control = fcntl(control[1], F_DUPFD, OURS);
    int helpers_control = fcntl(control[0], F_DUPFD, OURS);
    close(control[0]);
    close(control[1]);
    CHECK(dup2(helpers_control, FD_CONTROL) == FD_CONTROL);
    close(helpers_control);
    struct relay relay = be_started(0);
    CHECK(start_relay(&relay) == 0);
    char byte;
    CHECK(write(relay.streams.steps[1], "x", 1) == 1 && read(agent[1], &byte, 1) == 1); /* so it has closed agents_control */
    CHECK(kill((pid_t)relay.pid, SIGSTOP) == 0);
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    int signals = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    CHECK(signals >= 0 && write(agents_control, "x", 1) == 1);
    close(agents_control);
    outlive_relay(&relay, signals);
    CHECK(kill((pid_t)relay.pid, 0) < 0 && errno == ESRCH);
    close(signals);
    close(FD_CONTROL);
    close_steps_streams(&relay.streams);
    for (int i = 0; i < 4; i++)
        close(agent[i]);
}

int main(void)
{
    prepare_checks();
    sigset_t all;
    sigfillset(&all);
    CHECK(sigprocmask(SIG_BLOCK, &all, NULL) == 0); /* as in the helper */
    copies_every_byte_both_ways();
    lets_the_writer_know_that_nobody_reads();
    knows_when_streams_are_over();
    passes_packets_on_as_bytes();
    ends_its_count_with_the_step();
    does_not_call_lost_output_delivered();
    goes_with_an_agent_that_wants_no_more();
    return 0;
}
